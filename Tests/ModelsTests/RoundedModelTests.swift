import Autograd
import Files
import Foundation
import Kernels
import Models
import Support
import Testing

/// Whole models whose products round to bfloat16, beside PyTorch's `torch.autocast` of the same models: as far from exact gradients
/// as that, and no further.
@Suite struct RoundedModelTests {
  /// What `recording/autocast.py` found.
  private struct Autocast {
    let loss: Double
    /// How far each gradient was from the exact one, relative to its norm.
    let gradients: [String: Double]

    static let models: [String: Autocast] = {
      let bytes = try! Data(contentsOf: fixtureFolder.appendingPathComponent("autocast.json"))
      let record = try! JSONValue.parse(Array(bytes), source: "autocast.json", area: .data)
      let models = (record["models"]!.object ?? []).map { model in
        let distances = (model.value["gradients"]!.object ?? []).map { ($0.key, $0.value.double!) }
        return (
          model.key,
          Autocast(loss: model.value["loss"]!.double!, gradients: Dictionary(uniqueKeysWithValues: distances))
        )
      }
      return Dictionary(uniqueKeysWithValues: models)
    }()
  }

  private static let names = Autocast.models.keys.sorted()

  private func squares(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }

  @Test(arguments: names) func gradientsAreAsExactAsThoseOfAutocast(_ name: String) throws {
    let (fixture, model) = try recordedModel(name)
    let autocast = Autocast.models[name]!
    model.setPrecision(.bfloat16)
    let (loss, gradients) = model.lossAndGradients(fixture, recompute: false)
    // How far the mean of a few losses is away is chance.
    let worst = Autocast.models.values.map(\.loss).max()!
    #expect(abs(Double(loss.scalar) - fixture.loss) < 2 * worst)
    var (ours, theirs) = (0.0, 0.0)
    for named in model.namedParameters {
      guard let limit = autocast.gradients[named.name], let exact = fixture.gradients[named.name] else { continue }
      let gradient = try #require(gradients[named.parameter], "no gradient for \(named.name)")
      let apart = relativeFrobenius(named.part(of: gradient).elements, exact.values)
      #expect(apart < 2 * limit, "\(named.name): \(apart), autocast \(limit)")
      let norm = squares(exact.values)
      ours += apart * apart * norm
      theirs += limit * limit * norm
    }
    #expect(ours.squareRoot() < 1.2 * theirs.squareRoot())
    // Products of floats are three digits closer.
    #expect(ours.squareRoot() > 0.1 * theirs.squareRoot())
  }

  @Test(arguments: names) func recomputationChangesNoBit(_ name: String) throws {
    let (fixture, model) = try recordedModel(name)
    model.setPrecision(.bfloat16)
    let kept = model.lossAndGradients(fixture, recompute: false)
    let again = model.lossAndGradients(fixture, recompute: true)
    #expect(kept.value.scalar == again.value.scalar)
    for parameter in model.parameters {
      #expect(kept.gradients[parameter]!.elements == again.gradients[parameter]!.elements)
    }
  }

  /// Where documents are packed into a row, sums have another order, and here and there one is rounded to the other neighbour.
  @Test func packedDocumentsAreAsGoodAsRowsOfTheirOwn() throws {
    let (fixture, model) = try recordedModel("llama-packed")
    let (rows, columns, width) = (fixture.tokens.shape[0], fixture.tokens.shape[1], model.vocabularySize)
    func logits(_ tokens: [Int32], _ layout: SequenceLayout, _ precision: ProductPrecision) -> [Float] {
      model.setPrecision(precision)
      return model.logits(tokens, shape: [layout.rows, layout.columns], layout: layout).elements
    }
    let packed = logits(fixture.tokens.int32s, fixture.layout, .bfloat16)
    for row in 0..<rows {
      let starts = fixture.documentStarts.int32s[row * columns..<(row + 1) * columns]
      for start in Set(starts).sorted() {
        let range = starts.indices.filter { starts[$0] == start }
        let tokens = range.map { fixture.tokens.int32s[$0] }
        let layout = SequenceLayout(rows: 1, columns: tokens.count)
        let alone = logits(tokens, layout, .bfloat16).map(Double.init)
        let rounding = relativeFrobenius(logits(tokens, layout, .float32), alone)
        let part = Array(packed[(range.first! * width)..<((range.last! + 1) * width)])
        #expect(relativeFrobenius(part, alone) < 0.5 * rounding, "row \(row), start \(start)")
      }
    }
  }

  /// A text that is written token by token has the logits of the whole text but for the order of sums.
  @Test(arguments: names) func aCacheGivesTheLogitsOfTheWhole(_ name: String) throws {
    let (fixture, model) = try recordedModel(name)
    let length = fixture.tokens.shape[1]
    let tokens = Array(fixture.tokens.int32s[..<length])
    func logits(_ precision: ProductPrecision, first: Int) -> [Float] {
      model.setPrecision(precision)
      let cache = KeyValueCache(for: model, capacity: length)
      var last = model.nextTokenLogits(Array(tokens[..<first]), cache: cache)
      for token in tokens[first...] { last = model.nextTokenLogits([token], cache: cache) }
      return last.elements
    }
    let exact = logits(.float32, first: length).map(Double.init)
    let distances = [1, 8, length].map { relativeFrobenius(logits(.bfloat16, first: $0), exact) }
    #expect(distances.allSatisfy { 1e-4 < $0 && $0 < 0.02 }, "\(distances)")
  }
}
