import Files
import ModelFiles
import Tokenizers
import Training

/// How a run's text becomes tokens. It is chosen once, and encodes the rows, decodes the samples and is saved with the model.
package struct TextFormat {
  /// The run's tokenizer, which has every token of the template; nil for token shards and a model without one.
  package let tokenizer: Tokenizer?
  /// How conversations become tokens; nil where the objective reads none.
  package let chat: ChatFormat?
  /// The Jinja text that is saved with the model; empty if it has none.
  let jinja: String
  /// The tokens that end a text of the model; nil leaves that to the tokenizer.
  let endTokens: [Int32]?

  /// How a stored model reads text, and conversations where they are read.
  init(of stored: StoredModel, chat: ChatFormat?) {
    self.chat = chat
    tokenizer = stored.tokenizer
    (jinja, endTokens) = (stored.chatTemplate, stored.endTokens)
  }

  /// The tokenizer is `named`, else that of the model that the run starts with. The template is `data.template`, else the
  /// one that comes with the tokenizer, else the model's own, else ChatML; special tokens that the tokenizer lacks are added to it.
  init(_ recipe: Recipe, named: Tokenizer?, start: StoredModel?) throws(Failure) {
    let found = named ?? start?.tokenizer
    let own = try Self.ownTemplate(named == nil ? nil : recipe.tokenizer, start)
    guard recipe.examples.hasConversations else {
      (tokenizer, chat, jinja, endTokens) = (found, nil, own, start?.endTokens)
      return
    }
    guard let found else {
      throw Failure(.tokenizer, "conversations need a tokenizer", notes: ["the model has none: give a \"tokenizer\""])
    }
    let template = try ChatTemplate(named: recipe.data.template, modelsOwn: own, otherwise: .chatML)
    let chat = try ChatFormat(
      template, tokenizer: template.extending(found), endTokens: named == nil ? start?.endTokens : nil,
      variables: recipe.data.templateVariables,
      now: recipe.data.date ?? .now)
    (tokenizer, self.chat, jinja, endTokens) = (chat.tokenizer, chat, chat.jinja, chat.stopTokens)
  }

  /// The text of the template that comes with a tokenizer of the recipe's own, else with the model that a run starts with;
  /// empty where neither has one.
  static func ownTemplate(_ tokenizer: Recipe.Tokenizer?, _ start: StoredModel?) throws(Failure) -> String {
    if case .from(let path)? = tokenizer {
      let text = try ChatTemplate.text(withTokenizerAt: path)
      if !text.isEmpty { return text }
    }
    return start?.chatTemplate ?? ""
  }
}
