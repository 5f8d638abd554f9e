import Corpus

/// The kinds of example that objectives read.
package enum ExampleKind: Sendable, CaseIterable {
  /// Windows of text.
  case windows
  /// Conversations, of which some tokens are trained.
  case conversations
  /// Prompts with a better and a worse answer.
  case pairs
  /// Prompts with an answer that is wanted or not.
  case unpaired

  /// Whether a chat template turns rows of turns into tokens; else text is read as it is.
  package var hasConversations: Bool { self != .windows }

  /// The answers of a sample that are scored as a whole; 0 where single tokens are trained.
  package var answersPerSample: Int {
    switch self {
    case .windows, .conversations: 0
    case .pairs: 2
    case .unpaired: 1
    }
  }

  /// The sequences that a sample may fill.
  package var sequencesPerSample: Int { max(1, answersPerSample) }
}

/// How an objective wants the tokens of its conversations.
package struct ConversationOptions: Sendable, Equatable {
  /// The tokens that are trained.
  package var lossOn: LossOn
  /// Whether conversations of a batch that begin with the same tokens may share them.
  package var sharesBeginnings: Bool

  package init(lossOn: LossOn = .assistant, sharesBeginnings: Bool = true) {
    self.lossOn = lossOn
    self.sharesBeginnings = sharesBeginnings
  }
}
