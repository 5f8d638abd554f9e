import Files
import Tokenizers

extension StoredModel {
  /// How conversations with the model become tokens: by the template of that name, else its own, else the `lent` one, which is given
  /// `variables`.
  package func chatFormat(
    template name: String? = nil, variables: [JSONMember] = [], lent: String = ""
  ) throws(Failure) -> ChatFormat {
    guard let tokenizer else { throw Failure(.tokenizer, "the model has no tokenizer", at: path) }
    let jinja = chatTemplate.isEmpty ? lent : chatTemplate
    if name == nil, jinja.isEmpty {
      throw Failure(
        .model, "the model has no chat template", at: path,
        notes: ["choose one with --template: \(ChatTemplate.names), or a file"])
    }
    return try ChatFormat(
      ChatTemplate(named: name, modelsOwn: jinja, otherwise: .chatML, area: .usage), tokenizer: tokenizer,
      endTokens: endTokens, variables: variables)
  }
}
