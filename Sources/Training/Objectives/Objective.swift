import Autograd
import Corpus
import Files
import Models

/// What training minimises: the keys of `objective` in a recipe, and the loss they describe.
package protocol Objective: Sendable {
  /// The word that `objective.name` chooses it by.
  static var name: String { get }
  /// The task that it belongs to.
  static var task: TrainingTask { get }
  init(from section: inout SettingsSection)
  /// The kind of example it reads.
  var examples: ExampleKind { get }
  /// Whether the loss is that of tokens, so that it has a perplexity.
  var measuresTokens: Bool { get }
  /// Whether it compares with a reference model.
  var usesReference: Bool { get }
  /// The reference model's path; nil for the weights that training starts with.
  var reference: String? { get }
  /// The loss of a model that is its own reference; nil where that is not all it depends on.
  var lossAtReference: Double? { get }
  /// What the losses of a step are divided by, summed over its micro-batches: its supervised tokens, or its pairs.
  func weight(of batch: Batch) -> Double
  /// The sum of the losses of a micro-batch. What is worth reporting is added to `measures`, as sums.
  func loss(
    _ model: any LanguageModel, _ batch: Batch, context: StepContext, measures: inout Measures
  ) -> Tensor
}

extension Objective {
  package var measuresTokens: Bool { true }
  package var usesReference: Bool { false }
  package var reference: String? { nil }
  package var lossAtReference: Double? { nil }
}

/// The kinds of example that objectives read.
package enum ExampleKind: Sendable, Equatable {
  /// Windows of text.
  case windows
  /// Conversations, of which some tokens are trained; whether those of a batch may share their first tokens.
  case conversations(LossOn, shareBeginnings: Bool)
  /// Prompts with a better and a worse answer.
  case pairs
  /// Prompts with an answer that is wanted or not.
  case labelled
}

/// How a loss is computed, whatever it is.
package struct StepContext: Sendable {
  /// Whether a block's activations are computed again in the backward pass instead of kept.
  package var recompute = false
  /// What the random choices of a micro-batch start from; nil outside training, where nothing is random.
  package var noiseSeed: UInt64?

  package init(recompute: Bool = false, noiseSeed: UInt64? = nil) {
    self.recompute = recompute
    self.noiseSeed = noiseSeed
  }
}

/// Sums over the examples of a step or an evaluation, by name, with what each is to be divided by.
package struct Measures: Sendable, Equatable {
  package private(set) var sums: [(name: String, sum: Double, weight: Double)] = []

  package init() {}

  /// Adds to the sum and the weight of a name.
  package mutating func add(_ name: String, _ sum: Double, weight: Double) {
    if let index = sums.firstIndex(where: { $0.name == name }) {
      sums[index].sum += sum
      sums[index].weight += weight
    } else {
      sums.append((name, sum, weight))
    }
  }

  /// The weighted mean of a name; nil if nothing was added.
  package subscript(name: String) -> Double? {
    sums.first { $0.name == name && $0.weight > 0 }.map { $0.sum / $0.weight }
  }

  /// All weighted means, in the order in which the names came up.
  package var means: [(name: String, value: Double)] {
    sums.filter { $0.weight > 0 }.map { ($0.name, $0.sum / $0.weight) }
  }

  package static func == (a: Measures, b: Measures) -> Bool { a.sums.elementsEqual(b.sums, by: ==) }
}
