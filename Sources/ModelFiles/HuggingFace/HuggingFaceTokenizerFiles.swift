import Files
import Models
import Tokenizers

/// The files by which transformers' tokenizers are loaded, the chat template among them.
struct HuggingFaceTokenizerFiles {
  /// All files that may be written.
  static let names = ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"]

  private let stored: StoredModel
  private let tokenizer: Tokenizer

  /// The files of a model's tokenizer; nil if it has none.
  init?(_ stored: StoredModel) {
    guard let tokenizer = stored.tokenizer else { return nil }
    (self.stored, self.tokenizer) = (stored, tokenizer)
  }

  func write(to path: String) throws(Failure) {
    try DurableFile.write(tokenizer.json() + "\n", to: "\(path)/tokenizer.json")
    try DurableFile.write(config.serialized(pretty: true) + "\n", to: "\(path)/tokenizer_config.json")
    try DurableFile.write(specialTokens.serialized(pretty: true) + "\n", to: "\(path)/special_tokens_map.json")
  }

  private var config: JSONValue {
    var config: JSONValue = [
      "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false,
      "model_max_length": JSONValue(stored.configuration.maximumPositions),
    ]
    for token in specialTokens.object ?? [] { config[token.key] = token.value }
    if !stored.chatTemplate.isEmpty { config["chat_template"] = JSONValue(stored.chatTemplate) }
    return config
  }

  /// The special tokens with a role: those that the tokenizer's files named, else those that have one here, of which
  /// `eos_token` also pads batches.
  private var specialTokens: JSONValue {
    if !tokenizer.namedTokens.isEmpty { return tokenizer.namedTokens.json }
    func text(_ id: Int32?) -> String? { id.flatMap { id in tokenizer.addedTokens.first { $0.id == id }?.text } }
    let end = text((stored.endTokens ?? tokenizer.endOfText.map { [$0] } ?? []).first)
    let unknown = tokenizer.addedTokens.first { $0.text == "<unk>" }?.text
    let named = [
      ("bos_token", text(tokenizer.beginningOfText)), ("eos_token", end), ("pad_token", end), ("unk_token", unknown),
    ]
    return JSONValue(named.compactMap { key, text in text.map { JSONMember(key, JSONValue($0)) } })
  }
}
