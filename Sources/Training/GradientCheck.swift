import Autograd
import Corpus
import Files
import Kernels
import Models

/// Checks the gradient of an objective by finite differences through a small model.
///
/// Along a random direction d over all trained parameters, (L(w + h d) - L(w - h d)) / 2h must be the gradient's product with d. In
/// float32 the two agree to about three digits.
package struct GradientCheck: Sendable {
  /// The directional derivative by the gradient and by differences, for each direction.
  package let slopes: [(gradient: Double, difference: Double)]
  /// The largest difference between the two, relative to the larger one.
  package var worst: Double {
    slopes.map { abs($0.gradient - $0.difference) / max(abs($0.gradient), abs($0.difference), 1e-8) }.max() ?? 0
  }
  /// The bound for a right gradient.
  package static let tolerance = 2e-2
  package var isRight: Bool { worst < Self.tolerance }

  /// Checks `objective` along `directions` random directions of the trained parameters of a small model, which `prepare` may
  /// freeze some of.
  package init(
    _ objective: any Objective, directions: Int = 8, seed: UInt64 = 1, prepare: (any LanguageModel) -> Void = { _ in }
  ) {
    let model = Llama.Configuration.small.makeModel(seed: seed)
    prepare(model)
    var generator = Generator(seed: seed &+ 1)
    for parameter in model.parameters where parameter.shape.rank > 1 { Kernels.scale(parameter.mutableBuffer, by: 8) }
    let batch = type(of: objective).examples.smallBatch(&generator, vocabularySize: model.vocabularySize)
    let scale = Float(1 / objective.weight(of: batch))
    var context = StepContext(model)
    context.stepMean = objective.stepMean(of: batch, context).flatMap { $0.weight > 0 ? $0.sum / $0.weight : nil }
    func loss() -> Tensor { objective.loss(batch, context).sum }
    let gradients = Gradients(of: model.parameters)
    _ = gradients.add(scaledBy: scale, loss)
    slopes = (0..<directions).map { _ in
      let direction = gradients.parameters.map { generator.normal($0.shape, deviation: 1) }
      let exact = zip(gradients.parameters, direction).reduce(0.0) { sum, pair in
        sum + (gradients[pair.0].map { dotInDouble($0.buffer, pair.1.buffer) } ?? 0)
      }
      func moved(_ step: Float) -> Double {
        func move(by step: Float) {
          for (parameter, along) in zip(gradients.parameters, direction) {
            accumulate(parameter.mutableBuffer, along.buffer, scaledBy: step)
          }
        }
        move(by: step)
        defer {
          move(by: -step)
        }
        return Double(loss().scalar) * Double(scale)
      }
      return (exact, (moved(Self.step) - moved(-Self.step)) / (2 * Double(Self.step)))
    }
  }

  private static let step: Float = 1e-3
}

extension Llama.Configuration {
  fileprivate static let small = Self {
    $0.vocabularySize = 31
    $0.hiddenSize = 16
    $0.intermediateSize = 24
    $0.layers = 1
    $0.heads = 2
    $0.keyValueHeads = 2
    $0.maximumPositions = 32
    $0.tiesEmbeddings = true
  }
}

extension ExampleKind {
  /// A few random examples of this kind.
  fileprivate func smallBatch(_ generator: inout Generator, vocabularySize: Int) -> Batch {
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabularySize), using: &generator) }
    }
    switch self {
    case .windows, .conversations:
      var examples = TokenizedExamples()
      for length in [9, 4, 12] {
        examples.append(tokens: tokens(length), isTrained: (0..<length).map { $0 > 0 && ($0 % 3 != 1 || $0 == 1) })
      }
      let loader = ExampleLoader(examples, digest: "", sequenceLength: 32, seed: 0, shuffle: false)
      return loader.batch(samples: Array(0..<loader.sampleCount))
    case .pairs, .unpaired:
      let pairs = SmallPairs(
        pairs: [(5, 4, 6), (1, 3, 2), (7, 2, 5)].enumerated().map { index, lengths in
          AnswerPair(
            prompt: tokens(lengths.0)[...], first: tokens(lengths.1)[...],
            second: self == .pairs ? tokens(lengths.2)[...] : nil, isFirstPreferred: self == .pairs || index != 1)
        })
      let references = pairs.pairs.map { pair in
        [-3.5 * Double(pair.first.count)] + (pair.second.map { [-3.3 * Double($0.count)] } ?? [])
      }
      return PairLoader(pairs, seed: 0, shuffle: false).with(references: references).batch(0..<3, of: [0, 1, 2])
    }
  }
}

private struct SmallPairs: AnswerPairs {
  let pairs: [AnswerPair]
  var count: Int { pairs.count }
  subscript(index: Int) -> AnswerPair { pairs[index] }
  var digest: String { "small" }
}
