import Checkpoints
import Files
import Models
import Tokenizers

/// Writes a folder that Hugging Face's libraries load.
struct HuggingFaceExport {
  /// All files that the export may write.
  static let fileNames = [
    "config.json", "generation_config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json",
    "tokenizer_config.json",
  ]

  private let stored: StoredModel
  private let model: any LanguageModel
  private let endTokens: [Int32]

  init(_ stored: StoredModel, _ model: any LanguageModel) {
    self.stored = stored
    self.model = model
    endTokens = stored.endTokens ?? stored.tokenizer?.endOfText.map { [$0] } ?? []
  }

  func write(to path: String, as type: SafetensorsType) throws(Failure) {
    var config = stored.configuration.json(
      stored.tokenizer, endTokens: endTokens, beginningToken: stored.beginningToken)
    config["torch_dtype"] = JSONValue(type == .float16 ? "float16" : type == .bfloat16 ? "bfloat16" : "float32")
    // Left out, these would default to the ids of GPT-2's own tokens.
    for key in ["bos_token_id", "eos_token_id"] where config[key] == nil { config[key] = .null }
    try write(config, to: "\(path)/config.json")
    try write(generationConfig, to: "\(path)/generation_config.json")
    if let tokenizer = stored.tokenizer {
      try DurableFile.write(tokenizer.json() + "\n", to: "\(path)/tokenizer.json")
      try write(tokenizerConfig(tokenizer), to: "\(path)/tokenizer_config.json")
      try write(specialTokens(tokenizer), to: "\(path)/special_tokens_map.json")
    }
    try SafetensorsFile.write(model.namedArrays, as: type, to: "\(path)/model.safetensors")
  }

  private func write(_ value: JSONValue, to path: String) throws(Failure) {
    try DurableFile.write(value.serialized(pretty: true) + "\n", to: path)
  }

  private var generationConfig: JSONValue {
    var config: JSONValue = [:]
    if let beginning = stored.beginningToken ?? stored.tokenizer?.beginningOfText {
      config["bos_token_id"] = JSONValue(Int(beginning))
    }
    let ids = endTokens.map { JSONValue(Int($0)) }
    if let first = ids.first {
      config["eos_token_id"] = ids.count == 1 ? first : JSONValue(ids)
      config["pad_token_id"] = stored.tokenizer?.namedToken("pad_token").map { JSONValue(Int($0)) } ?? first
    }
    return config
  }

  private func tokenizerConfig(_ tokenizer: Tokenizer) -> JSONValue {
    var config: JSONValue = [
      "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false,
      "model_max_length": JSONValue(model.maximumPositions),
    ]
    for token in specialTokens(tokenizer).object ?? [] { config[token.key] = token.value }
    if !stored.chatTemplate.isEmpty { config["chat_template"] = JSONValue(stored.chatTemplate) }
    return config
  }

  /// The special tokens with a role: those that the tokenizer's files named, else those that have one here, of which
  /// `eos_token` also pads batches.
  private func specialTokens(_ tokenizer: Tokenizer) -> JSONValue {
    if !tokenizer.namedTokens.isEmpty { return tokenizer.namedTokens.json }
    func text(_ id: Int32?) -> String? { id.flatMap { id in tokenizer.addedTokens.first { $0.id == id }?.text } }
    let end = text(endTokens.first)
    let unknown = tokenizer.addedTokens.first { $0.text == "<unk>" }?.text
    let named = [
      ("bos_token", text(tokenizer.beginningOfText)), ("eos_token", end), ("pad_token", end), ("unk_token", unknown),
    ]
    return JSONValue(named.compactMap { key, text in text.map { JSONMember(key, JSONValue($0)) } })
  }
}

extension Tokenizer {
  /// The id of the token that the files give a role, nil when they give it to none.
  func namedToken(_ name: String) -> Int32? { namedTokens[name].flatMap { id(ofToken: $0) } }
}
