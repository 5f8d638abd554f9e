import Files
import Jinja

/// The tokens of a conversation, and which of them each message's author wrote.
public struct EncodedChat: Sendable, Equatable {
  /// Tokens that one message's author wrote: see ``RenderedChat/Turn``.
  public struct Turn: Sendable, Equatable {
    public let message: Int
    /// Their positions.
    public let tokens: Range<Int>
  }

  public internal(set) var tokens: [Int32] = []
  /// In the order of the tokens. A message may have several.
  public internal(set) var turns: [Turn] = []
  /// What the conversation has and the template does not write.
  package internal(set) var losses: Set<RenderedChat.Loss> = []
  /// Whether text from outside spells a special token, which stays text.
  package internal(set) var spellsSpecialTokens = false
  /// Whether the template writes `None` or `null` for a message whose content is null.
  package internal(set) var writesNull = false
}

/// Encodes conversations one after the other and caches their pieces.
package struct ChatEncoder: Sendable {
  package let format: ChatFormat
  private var encoder: Tokenizer.Encoder
  private let named: [(name: String, value: Value)]
  /// How the template asks for an answer, by the variables that it is given.
  private var prompts: [String: GenerationPrompt] = [:]

  package init(_ format: ChatFormat) {
    self.format = format
    encoder = Tokenizer.Encoder(format.tokenizer)
    named = format.tokenizer.templateTokens.values.filter { format.template.mentions($0.name) }
  }

  /// The text of a conversation, which knows its turns.
  package mutating func render(
    _ input: ChatInput, addingGenerationPrompt: Bool = false
  ) throws(Failure) -> RenderedChat {
    var input = input
    let own = input.variables
    if !format.variables.isEmpty {
      input.variables = format.variables.filter { variable in !own.contains { $0.key == variable.key } } + own
    }
    let text = try format.template.render(
      input, named, addingGenerationPrompt: addingGenerationPrompt, now: format.now)
    return RenderedChat(
      text, of: input, prompt: generationPrompt(input.variables), hasGenerationPrompt: addingGenerationPrompt)
  }

  /// Whether the text has more words for null than it has with empty texts in the place of null.
  private mutating func writesNull(
    _ text: [UInt8], for input: ChatInput, addingGenerationPrompt: Bool
  ) -> Bool {
    guard input.messages.contains(where: { $0.contentParts?.isNull == true }) else { return false }
    var filled = input
    for index in filled.messages.indices where filled.messages[index].contentParts?.isNull == true {
      filled.messages[index].contentParts = nil
    }
    guard let other = try? render(filled, addingGenerationPrompt: addingGenerationPrompt).text else { return false }
    func count(_ text: [UInt8]) -> Int {
      ["None", "null"].reduce(0) { $0 + String(decoding: text, as: UTF8.self).utf8.ranges(of: $1.utf8).count }
    }
    return count(text) > count(other)
  }

  private mutating func generationPrompt(_ variables: [JSONMember]) -> GenerationPrompt {
    let key = variables.isEmpty ? "" : JSONValue(variables).serialized()
    if let prompt = prompts[key] { return prompt }
    let prompt = GenerationPrompt.Probe(format.template, named, variables, format.now).generationPrompt
    if prompts.count > 64 { prompts = [:] }
    prompts[key] = prompt
    return prompt
  }

  /// The tokens of a conversation.
  package mutating func encode(
    _ input: ChatInput, addingGenerationPrompt: Bool = false
  ) throws(Failure) -> EncodedChat {
    let rendered = try render(input, addingGenerationPrompt: addingGenerationPrompt)
    var chat = EncodedChat(losses: rendered.losses)
    chat.writesNull = writesNull(rendered.text, for: input, addingGenerationPrompt: addingGenerationPrompt)
    var parts: [TokenPart] = []
    rendered.text.withUnsafeBufferPointer { text in
      encoder.append(text, data: rendered.data, to: &chat.tokens, onRefusal: { chat.spellsSpecialTokens = true }) {
        parts.append(TokenPart(range: $0, isToken: $1, firstID: $2))
      }
    }
    var alignment = TokenAlignment(rendered.text, chat.tokens, parts, format.tokenizer)
    for turn in rendered.turns {
      let start = alignment.tokens(before: turn.range.lowerBound, &encoder).whole
      let end = alignment.tokens(before: turn.range.upperBound, &encoder).begun
      if start < end { chat.turns.append(.init(message: turn.message, tokens: start..<end)) }
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
