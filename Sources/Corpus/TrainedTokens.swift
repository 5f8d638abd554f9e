/// Tokens as an example has them, and which of them a model is trained to predict.
public struct TrainedTokens: Sendable, Equatable {
  /// What part of the example they are: `chosen` or `rejected` of a pair; nil for the whole.
  public var part: String?
  public var tokens: [Int32]
  public var isTrained: [Bool]
}
