import Files

/// How a conversation is written as one text: what stands before and after each turn's content.
public struct ChatTemplate: Sendable, Equatable {
  /// What stands around the content of one role's turns.
  package struct Turn: Sendable, Equatable {
    /// The text before the content; `{role}` in it stands for the role's name.
    package let header: String
    /// Whether the end-of-turn token follows the content.
    package let endsTurn: Bool
    /// The text between this turn and the next.
    package let separator: String
  }

  /// The name a recipe uses for it.
  public let name: String
  /// The turns of the roles it knows.
  let turns: [String: Turn]
  /// The turns of all other roles; nil when it has no place for them.
  let anyTurn: Turn?
  /// The text of the special token that ends a turn; nil when that is the tokenizer's end of text.
  public let endOfTurn: String?
  /// The other special tokens in the headers.
  let headerTokens: [String]
  /// Whether the text begins with the beginning of text whatever the tokenizer does.
  private(set) var hasBeginning: Bool
  /// Whether white space around a content is left out.
  let trimsContent: Bool
  /// What stands between an instruction and its input where they make one turn.
  public let inputSeparator: String
  /// What a conversation without a system turn of its own begins with.
  public private(set) var defaultSystem: String?
  /// The Jinja text that renders the same in Hugging Face's libraries; it travels with a model.
  public private(set) var jinja: String

  init(
    _ name: String, turns: [String: Turn], anyTurn: Turn? = nil, endOfTurn: String? = nil, headerTokens: [String] = [],
    hasBeginning: Bool = false, trimsContent: Bool = false, inputSeparator: String = "\n\n",
    defaultSystem: String? = nil, jinja: String
  ) {
    self.name = name
    self.turns = turns
    self.anyTurn = anyTurn
    self.endOfTurn = endOfTurn
    self.headerTokens = headerTokens
    self.hasBeginning = hasBeginning
    self.trimsContent = trimsContent
    self.inputSeparator = inputSeparator
    self.defaultSystem = defaultSystem
    self.jinja = jinja
  }

  /// What stands around a turn of `role`; nil when the template has no place for it.
  func turn(of role: String) -> Turn? { turns[role] ?? anyTurn }

  /// This template for a model that came with a Jinja text and a default system turn of its own.
  func with(defaultSystem: String?, jinja: String) -> ChatTemplate {
    var template = self
    template.defaultSystem = defaultSystem
    template.jinja = jinja
    return template
  }

  /// This template, its text beginning with the beginning of text where `begins`.
  func beginning(_ begins: Bool) -> ChatTemplate {
    var template = self
    template.hasBeginning = hasBeginning || begins
    return template
  }

  /// The built-in template of that name.
  public init?(named name: String) {
    guard let template = Self.builtIn.first(where: { $0.name == name }) else { return nil }
    self = template
  }
}

extension ChatTemplate {
  /// `tokenizer` with the special tokens that the template needs: those it lacks get the next ids, and the model's
  /// embedding has to grow by them.
  ///
  /// - Throws: `Failure` of area `.tokenizer` when one of them is an ordinary token already.
  public func extending(_ tokenizer: Tokenizer) throws(Failure) -> Tokenizer {
    var needed = headerTokens + [endOfTurn].compactMap(\.self)
    if hasBeginning, tokenizer.beginningOfText == nil { needed.append("<|begin_of_text|>") }
    if endOfTurn == nil, tokenizer.endOfText == nil { needed.append("<|endoftext|>") }
    return try tokenizer.adding(special: needed)
  }
}
