/// What is trained, and on what kind of example.
package enum TrainingTask: String, Sendable, CaseIterable {
  /// The next token of text.
  case pretrain
  /// The answers of instruction pairs.
  case sft
  /// Preferences between two answers.
  case dpo
}
