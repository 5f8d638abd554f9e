import Files
import Tokenizers

extension StoredModel {
  /// How conversations with the model become tokens: by the template of that name, else its own, which is given `variables`.
  package func chatFormat(template name: String? = nil, variables: [JSONMember] = []) throws(Failure) -> ChatFormat {
    guard let tokenizer else { throw Failure(.tokenizer, "the model has no tokenizer", at: path) }
    if name == nil, chatTemplate.isEmpty {
      throw Failure(
        .model, "the model has no chat template", at: path,
        notes: ["choose one with --template: \(ChatTemplate.names), or a file"])
    }
    return try ChatFormat(
      ChatTemplate(named: name, modelsOwn: chatTemplate, otherwise: .chatML, area: .usage), tokenizer: tokenizer,
      endTokens: endTokens, variables: variables)
  }
}
