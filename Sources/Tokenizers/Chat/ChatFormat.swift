import Files

/// A template together with the tokenizer that its text is encoded with: the one place where messages become tokens,
/// for training, evaluation and conversation alike.
///
/// The text around the contents is encoded with its special tokens, the contents never are: text from outside cannot
/// become a control token. Every segment is encoded separately, so which tokens belong to which turn is exact.
public struct ChatFormat: Sendable {
  public let template: ChatTemplate
  public let tokenizer: Tokenizer
  /// The token every text begins with, if any.
  public let beginning: Int32?
  /// The token that ends a turn.
  public let endOfTurn: Int32
  /// The tokens that end an answer.
  public let stopTokens: [Int32]

  /// - Throws: `Failure` of area `.tokenizer` when the tokenizer lacks a token that the template needs.
  public init(_ template: ChatTemplate, tokenizer: Tokenizer) throws(Failure) {
    func id(_ text: String) throws(Failure) -> Int32 {
      if let id = tokenizer.id(ofToken: text), tokenizer.isSpecial(id) { return id }
      throw Failure(
        .tokenizer, "the chat template \"\(template.name)\" needs the special token \(text)",
        notes: ["the tokenizer has no such token; another data.template may fit it"])
    }
    for token in template.headerTokens { _ = try id(token) }
    var end = tokenizer.endOfText
    if let text = template.endOfTurn { end = try id(text) }
    guard let end else { throw Self.missing("end of text", template) }
    if template.hasBeginning, tokenizer.beginningOfText == nil { throw Self.missing("beginning of text", template) }
    self.template = template
    self.tokenizer = tokenizer
    let begins = template.hasBeginning || tokenizer.addsBeginningOfText
    let isFirstAnyway = template.headerTokens.first.map { tokenizer.id(ofToken: $0) == tokenizer.beginningOfText }
    beginning = begins && isFirstAnyway != true ? tokenizer.beginningOfText : nil
    endOfTurn = end
    stopTokens = [end] + [tokenizer.endOfText].compactMap(\.self).filter { $0 != end }
  }

  private static func missing(_ what: String, _ template: ChatTemplate) -> Failure {
    Failure(
      .tokenizer, "the chat template \"\(template.name)\" needs an \(what) token",
      notes: ["the tokenizer has none; another data.template may fit it"])
  }

  /// The Jinja text of the template for this tokenizer: Hugging Face's libraries add no beginning of text to it.
  public var jinja: String {
    beginning == nil || template.jinja.contains("bos_token") ? template.jinja : ChatTemplate.beginning + template.jinja
  }
}

extension ChatFormat {
  /// The parts of the text of a conversation, in order.
  ///
  /// - Parameter addingGenerationPrompt: whether the header of an assistant turn follows, for a model to continue.
  /// - Throws: `Failure` of area `.data` naming a role that the template has no place for.
  public func segments(
    of messages: [Message], addingGenerationPrompt: Bool = false
  ) throws(Failure) -> [ChatSegment] {
    var segments: [ChatSegment] = []
    if let beginning { segments.append(ChatSegment(.beginning, text(of: beginning), token: beginning)) }
    if let system = template.defaultSystem, messages.first?.role != "system" {
      try append(Message(role: "system", content: system), at: nil, to: &segments)
    }
    for (index, message) in messages.enumerated() { try append(message, at: index, to: &segments) }
    if addingGenerationPrompt {
      segments.append(ChatSegment(.header, try header(of: "assistant", try turn(of: "assistant")), message: nil))
    }
    return segments
  }

  /// The text of a conversation.
  public func render(_ messages: [Message], addingGenerationPrompt: Bool = false) throws(Failure) -> String {
    try segments(of: messages, addingGenerationPrompt: addingGenerationPrompt).map(\.text).joined()
  }

  /// The tokens of a conversation.
  public func encode(_ messages: [Message], addingGenerationPrompt: Bool = false) throws(Failure) -> EncodedChat {
    var encoder = ChatEncoder(self)
    return try encoder.encode(messages, addingGenerationPrompt: addingGenerationPrompt)
  }

  private func append(_ message: Message, at index: Int?, to segments: inout [ChatSegment]) throws(Failure) {
    let turn = try turn(of: message.role)
    let content = template.trimsContent ? message.content.trimmed : message.content
    let header = try header(of: message.role, turn)
    if !header.isEmpty { segments.append(ChatSegment(.header, header, message: index)) }
    segments.append(ChatSegment(.content, content, message: index))
    if turn.endsTurn {
      segments.append(ChatSegment(.endOfTurn, text(of: endOfTurn), message: index, token: endOfTurn))
    }
    if !turn.separator.isEmpty { segments.append(ChatSegment(.separator, turn.separator, message: index)) }
  }

  private func turn(of role: String) throws(Failure) -> ChatTemplate.Turn {
    if let turn = template.turn(of: role) { return turn }
    throw Failure(
      .data, "the chat template \"\(template.name)\" has no turns of role \"\(role)\"",
      notes: [
        "it knows \(template.turns.keys.sorted().joined(separator: ", ")); \"chatml\" and \"llama3\" take any role"
      ])
  }

  /// A role that could spell a control token is refused: it comes from outside, and a header is encoded with them.
  private func header(of role: String, _ turn: ChatTemplate.Turn) throws(Failure) -> String {
    guard !role.isEmpty, role.utf8.allSatisfy({ $0 == 0x5f || (0x61...0x7a).contains($0) }) else {
      throw Failure(.data, "\"\(role)\" is no role", notes: ["a role is a word in small letters"])
    }
    return turn.header.replacing("{role}", with: role)
  }

  private func text(of token: Int32) -> String { String(decoding: tokenizer.token(token) ?? [], as: UTF8.self) }
}

extension String {
  /// The text without white space at its ends, as Jinja's `trim` leaves it.
  fileprivate var trimmed: String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
    }
    let kept = unicodeScalars.drop(while: isSpace)
    guard let last = kept.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(kept[...last])
  }
}
