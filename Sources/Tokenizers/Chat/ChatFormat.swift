import Files
import Jinja

/// A template together with the tokenizer that its text is encoded with: the one place where messages become tokens,
/// for training, evaluation and conversation alike.
///
/// The whole text is encoded as one, with its special tokens; text from outside never becomes one of them.
public struct ChatFormat: Sendable {
  public let template: ChatTemplate
  public let tokenizer: Tokenizer
  /// The tokens that end an answer: those the model's files name, and the one that the template ends it with.
  public let stopTokens: [Int32]
  /// Whether the template writes a special token behind an answer.
  package let endsAnswers: Bool
  /// What the template reads besides messages: `chat_template_kwargs`.
  package let variables: [JSONMember]
  /// The time that the template is told.
  package let now: TemplateTime

  /// - Parameters:
  ///   - endTokens: the tokens that end a text of the model, as its files name them.
  ///   - variables: what the template reads besides messages.
  /// - Throws: `Failure` of area `.tokenizer` when the tokenizer lacks a token that a built-in template needs.
  package init(
    _ template: ChatTemplate, tokenizer: Tokenizer, endTokens: [Int32]? = nil, variables: [JSONMember] = [],
    now: TemplateTime = .now
  ) throws(Failure) {
    for token in template.tokens {
      if let id = tokenizer.id(ofToken: token), tokenizer.isSpecial(id) { continue }
      throw Failure(
        .tokenizer, "the chat template \"\(template.name)\" needs the special token \(token)",
        notes: ["the tokenizer has no such token; another data.template may fit it"])
    }
    // A built-in template is no model's own: it begins a text as the tokenizer does.
    let begins = template.isBuiltIn && tokenizer.addsBeginningOfText
    let isFirstAnyway = tokenizer.beginningOfText.map { id in
      template.tokens.first.map { tokenizer.id(ofToken: $0) == id } ?? false
    }
    self.template = begins && isFirstAnyway == false ? try template.withBeginning() : template
    self.tokenizer = tokenizer
    self.variables = variables
    self.now = now
    var ends = (endTokens ?? []) + [tokenizer.endOfText].compactMap(\.self)
    let end = Self.endOfTurn(self.template, tokenizer, variables, now)
    endsAnswers = end != nil
    if let end { ends.insert(end, at: 0) }
    stopTokens = ends.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  public init(_ template: ChatTemplate, tokenizer: Tokenizer) throws(Failure) {
    try self.init(template, tokenizer: tokenizer, endTokens: nil)
  }

  /// The Jinja text of the template, as it is saved with a model.
  public var jinja: String { template.jinja }

  /// What identifies the format: all that decides which tokens a conversation has, but for the tokenizer.
  package var identity: String {
    let date = template.mentions("strftime_now") ? "\(now.localSeconds)" : ""
    return
      "\(template.jinja)\n\(JSONValue(variables).serialized())\n\(tokenizer.namedTokens.json.serialized())\n\(date)"
  }

  /// The special token that the template writes behind an answer.
  private static func endOfTurn(
    _ template: ChatTemplate, _ tokenizer: Tokenizer, _ variables: [JSONMember], _ now: TemplateTime
  ) -> Int32? {
    let probe = GenerationPrompt.Probe(template, tokenizer.templateTokens.values, variables, now)
    guard let ending = probe.ending else { return nil }
    return tokenizer.encode(ending, special: .parse).first { tokenizer.isSpecial($0) }
  }
}

extension ChatFormat {
  /// Whether a model is asked with other tokens than it was trained to answer behind: the generation prompt ends in a blank, which
  /// the vocabulary joins to the word that follows.
  package var splitsAnswers: Bool {
    let question = [Message(role: "user", content: "x")]
    guard let prompt = try? render(question, addingGenerationPrompt: true),
      let asked = try? encode(question, addingGenerationPrompt: true).tokens
    else { return false }
    return ["The", "I", "Yes"].contains { word in
      let turns = question + [Message(role: "assistant", content: word)]
      guard let whole = try? render(turns), whole.utf8.starts(with: prompt.utf8),
        let trained = try? encode(turns).tokens
      else { return false }
      return !trained.starts(with: asked)
    }
  }

  /// The text of a conversation.
  ///
  /// - Parameter addingGenerationPrompt: whether the header of an assistant turn follows, for a model to continue.
  /// - Throws: `Failure` of area `.data`: the template refuses the conversation, or cannot work with it.
  public func render(_ messages: [Message], addingGenerationPrompt: Bool = false) throws(Failure) -> String {
    var encoder = ChatEncoder(self)
    let chat = try encoder.render(ChatInput(messages), addingGenerationPrompt: addingGenerationPrompt)
    return String(decoding: chat.text, as: UTF8.self)
  }

  /// The tokens of a conversation.
  public func encode(_ messages: [Message], addingGenerationPrompt: Bool = false) throws(Failure) -> EncodedChat {
    var encoder = ChatEncoder(self)
    return try encoder.encode(ChatInput(messages), addingGenerationPrompt: addingGenerationPrompt)
  }
}

extension Tokenizer {
  /// The tokens that a template sees by their names: those that files name, else those that are in use.
  var templateTokens: NamedTokens {
    var named = namedTokens
    func text(_ id: Int32?) -> String? { id.flatMap(token).map { String(decoding: $0, as: UTF8.self) } }
    if named["bos_token"] == nil { named["bos_token"] = text(beginningOfText) }
    if named["eos_token"] == nil { named["eos_token"] = text(endOfText) }
    return named
  }
}
