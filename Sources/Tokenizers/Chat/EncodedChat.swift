import Files

/// A part of a conversation's text.
public struct ChatSegment: Sendable, Equatable {
  public enum Kind: Sendable {
    /// The beginning of text.
    case beginning
    /// The header, which names the speaker.
    case header
    /// What is said.
    case content
    /// The token that ends the turn.
    case endOfTurn
    /// What stands between this turn and the next.
    case separator
  }

  public let kind: Kind
  public let text: String
  /// The index of the message it belongs to; nil for what the template adds on its own.
  public let message: Int?
  /// The token it is, where it is one whatever the text.
  let token: Int32?

  init(_ kind: Kind, _ text: String, message: Int? = nil, token: Int32? = nil) {
    self.kind = kind
    self.text = text
    self.message = message
    self.token = token
  }
}

/// The tokens of a conversation, and which of them belong to which part of it.
public struct EncodedChat: Sendable, Equatable {
  /// The tokens of one segment.
  public struct Run: Sendable, Equatable {
    public let kind: ChatSegment.Kind
    public let message: Int?
    /// Their positions; empty for an empty content.
    public let tokens: Range<Int>
  }

  public fileprivate(set) var tokens: [Int32] = []
  /// One run a segment, in order; together they cover all tokens.
  public fileprivate(set) var runs: [Run] = []
}

/// Encodes conversations one after the other and caches their pieces.
package struct ChatEncoder {
  package let format: ChatFormat
  private var encoder: Tokenizer.Encoder

  package init(_ format: ChatFormat) {
    self.format = format
    encoder = Tokenizer.Encoder(format.tokenizer)
  }

  /// The tokens of a conversation; see ``ChatFormat/segments(of:addingGenerationPrompt:)``.
  package mutating func encode(
    _ messages: [Message], addingGenerationPrompt: Bool = false
  ) throws(Failure) -> EncodedChat {
    var chat = EncodedChat()
    for segment in try format.segments(of: messages, addingGenerationPrompt: addingGenerationPrompt) {
      let start = chat.tokens.count
      if let token = segment.token {
        chat.tokens.append(token)
      } else {
        append(segment.text, special: segment.kind == .content ? .none : .parse, to: &chat.tokens)
      }
      chat.runs.append(.init(kind: segment.kind, message: segment.message, tokens: start..<chat.tokens.count))
    }
    return chat
  }

  /// Appends the tokens of text that is no conversation.
  package mutating func append(
    _ text: String, special: Tokenizer.SpecialTokens = .none, to tokens: inout [Int32]
  ) {
    var text = text
    text.withUTF8 { encoder.append($0, special: special, to: &tokens) }
  }
}
