import Files
import Tokenizers

extension StoredModel {
  /// How conversations with the model become tokens: by the template of that name, else its own.
  package func chatFormat(template name: String? = nil) throws(Failure) -> ChatFormat {
    guard let tokenizer else { throw Failure(.tokenizer, "the model has no tokenizer", at: path) }
    return try ChatFormat(
      ChatTemplate(named: name, modelsOwn: chatTemplate, otherwise: nil), tokenizer: tokenizer)
  }
}
