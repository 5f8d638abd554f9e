import Files
import Inference
import Tokenizers
import Training

extension Recipe {
  /// How the recipe's conversations become tokens: nil where the objective reads none.
  ///
  /// The template is `data.template`, else the model's own, else ChatML. Special tokens that the tokenizer lacks are added
  /// to it.
  func chatFormat(_ tokenizer: Tokenizers.Tokenizer?, jinja: String) throws(Failure) -> ChatFormat? {
    guard examples.hasConversations else { return nil }
    guard let tokenizer else {
      throw Failure(.tokenizer, "conversations need a tokenizer", notes: ["the model has none: give a \"tokenizer\""])
    }
    let template = try ChatTemplate(named: data.template, modelsOwn: jinja, otherwise: .chatML)
    return try ChatFormat(template, tokenizer: template.extending(tokenizer))
  }
}
