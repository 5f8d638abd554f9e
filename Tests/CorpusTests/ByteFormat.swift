import Tokenizers

extension ChatFormat {
  /// A template through the byte tokenizer, with the tokens that the template needs.
  static func bytes(_ template: ChatTemplate) throws -> ChatFormat {
    try ChatFormat(template, tokenizer: template.extending(.bytes))
  }
}
