import Autograd
import Files
import Kernels
import Models
import Support
import Testing

/// Whole models against what PyTorch computed from the same weights in float64.
@Suite struct RecordedModelTests {
  @Test(arguments: ModelFixture.names + ModelFixture.decoderNames) func logits(_ name: String) throws {
    let (fixture, model) = try recordedModel(name)
    let logits = model.logits(fixture.tokens.int32s, shape: Shape(fixture.tokens.shape), layout: fixture.layout)
    #expect(logits.shape.dimensions == fixture.logits.shape)
    #expect(mismatch(logits.elements, fixture.logits, within: .scaled(relative: 1e-4, scaled: 1e-5)) == nil)
  }

  @Test(arguments: ModelFixture.names + ModelFixture.decoderNames, [false, true]) func lossAndGradients(
    _ name: String, recompute: Bool
  ) throws {
    let (fixture, model) = try recordedModel(name)
    let (loss, gradients) = model.lossAndGradients(fixture, recompute: recompute)
    #expect(abs(Double(loss.scalar) - fixture.loss) < 1e-5)
    for named in model.namedParameters {
      let gradient = try #require(gradients[named.parameter], "no gradient for \(named.name)")
      let expected = try #require(fixture.gradients[named.name], "nothing recorded for \(named.name)")
      // Where keys are not rotated, their bias moves all scores of a query alike: its gradient is zero but for rounding.
      if expected.values.allSatisfy({ abs($0) < 1e-15 }) {
        #expect(named.part(of: gradient).elements.allSatisfy { abs($0) < 1e-7 }, "\(named.name)")
        continue
      }
      let bound = expected.rank >= 2 ? 1e-5 : 1e-4
      let problem = mismatch(named.part(of: gradient).elements, expected, within: .frobenius(bound))
      #expect(problem == nil, "\(named.name): \(problem ?? "")")
    }
    #expect(Set(model.namedParameters.map(\.name)) == Set(fixture.gradients.keys))
  }

  @Test(arguments: ModelFixture.names + ModelFixture.decoderNames) func recomputationChangesNoBit(_ name: String) throws
  {
    let (fixture, model) = try recordedModel(name)
    let kept = model.lossAndGradients(fixture, recompute: false)
    let again = model.lossAndGradients(fixture, recompute: true)
    #expect(kept.value.scalar == again.value.scalar)
    for parameter in model.parameters {
      #expect(kept.gradients[parameter]!.elements == again.gradients[parameter]!.elements)
    }
  }

  @Test(arguments: ["llama-tied", "gpt2"] + ModelFixture.decoderNames) func aLaterTokenChangesNoEarlierLogit(
    _ name: String
  ) throws {
    let (fixture, model) = try recordedModel(name)
    let shape = Shape(fixture.tokens.shape)
    let (columns, changed) = (shape[1], 9)
    var tokens = fixture.tokens.int32s
    let before = model.logits(tokens, shape: shape, layout: fixture.layout).elements
    tokens[changed] = (tokens[changed] + 1) % Int32(model.vocabularySize)
    let after = model.logits(tokens, shape: shape, layout: fixture.layout).elements
    let width = model.vocabularySize
    #expect(before[..<(changed * width)] == after[..<(changed * width)])
    #expect(before[(changed * width)..<(columns * width)] != after[(changed * width)..<(columns * width)])
    #expect(before[(columns * width)...] == after[(columns * width)...])
  }

  @Test func packedDocumentsAreAsGoodAsRowsOfTheirOwn() throws {
    let (fixture, model) = try recordedModel("llama-packed")
    let (rows, columns, width) = (fixture.tokens.shape[0], fixture.tokens.shape[1], model.vocabularySize)
    let packed = model.logits(fixture.tokens.int32s, shape: [rows, columns], layout: fixture.layout).elements
    for row in 0..<rows {
      let starts = fixture.documentStarts.int32s[row * columns..<(row + 1) * columns]
      for start in Set(starts).sorted() {
        let range = starts.indices.filter { starts[$0] == start }
        let tokens = range.map { fixture.tokens.int32s[$0] }
        let alone = model.logits(
          tokens, shape: [1, tokens.count], layout: SequenceLayout(rows: 1, columns: tokens.count)
        ).elements
        let part = Array(packed[(range.first! * width)..<((range.last! + 1) * width)])
        let expected = ReferenceArray([tokens.count, width], alone)
        #expect(mismatch(part, expected, within: .scaled(relative: 1e-5, scaled: 1e-5)) == nil)
      }
    }
  }

  /// Packed documents have no generation.
  @Test(arguments: ModelFixture.names.filter { $0 != "llama-packed" } + ModelFixture.decoderNames)
  func generationWithACacheIsTheFullPass(_ name: String) throws {
    let (fixture, model) = try recordedModel(name)
    let prompt = fixture.generation.prompt.map(Int32.init)
    let cache = KeyValueCache(for: model, capacity: prompt.count + fixture.generation.tokens.count)
    var (sequence, next) = (prompt, prompt)
    for expected in fixture.generation.tokens {
      let logits = model.nextTokenLogits(next, cache: cache).elements
      let full = model.logits(
        sequence, shape: [1, sequence.count], layout: SequenceLayout(rows: 1, columns: sequence.count)
      ).elements.suffix(model.vocabularySize)
      let reference = ReferenceArray([model.vocabularySize], Array(full))
      #expect(mismatch(logits, reference, within: .scaled(relative: 1e-4, scaled: 1e-5)) == nil)
      let token = Int32(logits.indices.max { logits[$0] < logits[$1] }!)
      #expect(token == Int32(expected))
      sequence.append(token)
      next = [token]
    }
  }

  @Test(arguments: ModelFixture.decoderNames) func aFewStepsLowerTheLoss(_ name: String) throws {
    let (fixture, model) = try recordedModel(name)
    var losses: [Float] = []
    for _ in 0..<8 {
      let (loss, gradients) = model.lossAndGradients(fixture, recompute: false)
      losses.append(loss.scalar)
      for parameter in model.parameters {
        accumulate(parameter.mutableBuffer, gradients[parameter]!.buffer, scaledBy: -0.03)
      }
    }
    #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 } && losses.last! < losses[0] - 0.05, "\(losses)")
  }

  @Test(arguments: ModelFixture.names + ModelFixture.decoderNames) func parameterCountIsTheConfigurations(
    _ name: String
  ) throws {
    let (fixture, model) = try recordedModel(name)
    let description = try ModelDescription(configuration: fixture.config.serialized(), source: name)
    #expect(description.parameterCount(vocabularySize: model.vocabularySize) == model.parameterCount)
    #expect(model.parameterCount == fixture.weights.values.reduce(0) { $0 + $1.count })
  }
}

/// The model of a fixture, with its weights.
func recordedModel(_ name: String) throws -> (ModelFixture, any LanguageModel) {
  let fixture = try ModelFixture(name)
  let description = try ModelDescription(configuration: fixture.config.serialized(), source: name)
  let model = description.configuration(vocabularySize: description.vocabularySize!).makeModel(seed: nil)
  for named in model.namedParameters {
    let weight = try #require(fixture.weights[named.name], "no weight \(named.name)")
    #expect(weight.shape == named.value.shape.dimensions)
    named.mutableBuffer.assign(weight.floats)
  }
  return (fixture, model)
}

extension ModelFixture {
  var layout: SequenceLayout {
    SequenceLayout(
      rows: tokens.shape[0], columns: tokens.shape[1], positions: positions.int32s,
      documentStarts: documentStarts.int32s)
  }
}

extension LanguageModel {
  func lossAndGradients(_ fixture: ModelFixture, recompute: Bool) -> (value: Tensor, gradients: Gradients) {
    let weight = fixture.targets.values.count { $0 >= 0 }
    let gradients = Gradients(of: parameters)
    let sum = gradients.add(scaledBy: 1 / Float(weight)) {
      let hidden = hiddenStates(
        fixture.tokens.int32s, shape: Shape(fixture.tokens.shape), attention: .sequences(fixture.layout),
        recompute: recompute)
      return headCrossEntropy(hidden, head.weight.tensor, targets: fixture.targets.int32s)
    }
    return (sum / Float(weight), gradients)
  }
}
