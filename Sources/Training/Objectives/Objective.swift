import Corpus
import Files

/// What training minimises: the keys of `objective` in a recipe, and the loss they describe.
package protocol Objective: Sendable {
  /// The word that `objective.name` chooses it by.
  static var name: String { get }
  /// The kind of example it reads.
  static var examples: ExampleKind { get }
  init(from section: inout SettingsSection)
  /// How it wants the tokens of conversations, if it reads any.
  var conversations: ConversationOptions { get }
  /// Whether the loss is that of tokens, so that it has a perplexity.
  var measuresTokens: Bool { get }
  /// The model whose scores of the answers it needs; nil if it needs none.
  var reference: ReferenceModel? { get }
  /// Whether the reference is needed in every step, for answers that only the step brings together; else its scores of the data
  /// are enough.
  var needsReferenceInSteps: Bool { get }
  /// The loss of a model that is its own reference; nil where that is not all it depends on.
  var lossAtReference: Double? { get }
  /// How far that loss may be off, relative to it where it is above 1: what the last digits of log-probabilities make of it.
  var lossAtReferenceTolerance: Double { get }
  /// What the losses of a step are divided by, summed over its micro-batches: its supervised tokens, or its pairs.
  func weight(of batch: Batch) -> Double
  /// A micro-batch's share of a mean over the whole step that the losses depend on, or over a whole evaluation. It passes no
  /// gradient on. Nil where the losses depend on no such mean.
  func stepMean(of batch: Batch, _ context: StepContext) -> Measure?
  /// The sum of the losses of a micro-batch, and what is worth reporting besides.
  func loss(_ batch: Batch, _ context: StepContext) -> StepLoss
}

extension Objective {
  package var conversations: ConversationOptions { ConversationOptions() }
  package var measuresTokens: Bool { Self.examples.answersPerSample == 0 }
  package var reference: ReferenceModel? { nil }
  package var needsReferenceInSteps: Bool { false }
  package var lossAtReference: Double? { nil }
  package var lossAtReferenceTolerance: Double { 1e-4 }
  package func stepMean(of batch: Batch, _ context: StepContext) -> Measure? { nil }

  /// The supervised tokens, or the pairs of answers.
  package func weight(of batch: Batch) -> Double {
    let answers = Self.examples.answersPerSample
    return Double(answers == 0 ? batch.weight : batch.answers.count / answers)
  }
}
