/// A question about a story that has exactly one true answer, and the answer follows from the text.
public struct Question: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    case who, what, place, howMany, feeling, why, color, yesOrNo
  }

  public let kind: Kind
  public let text: String
  public let answer: String
  /// Answers of the same form that are false, those that the story suggests first.
  public let falseAnswers: [String]
}

extension Story {
  /// Every question the story answers, in an order that depends on the story alone.
  public var questions: [Question] {
    var interview = Interview(of: self)
    return interview.questions()
  }
}
