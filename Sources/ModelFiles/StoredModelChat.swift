import Files
import Tokenizers

extension StoredModel {
  /// How conversations with the model become tokens: by the template of that name, else its own, which is given `variables`.
  package func chatFormat(template name: String? = nil, variables: [JSONMember] = []) throws(Failure) -> ChatFormat {
    guard let tokenizer else { throw Failure(.tokenizer, "the model has no tokenizer", at: path) }
    return try ChatFormat(
      ChatTemplate(named: name, modelsOwn: chatTemplate, otherwise: nil), tokenizer: tokenizer, endTokens: endTokens,
      variables: variables)
  }
}
