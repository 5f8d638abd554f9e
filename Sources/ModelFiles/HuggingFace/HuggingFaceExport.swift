import Checkpoints
import Files
import Models
import Tokenizers

/// Writes a folder that Hugging Face's libraries load.
struct HuggingFaceExport {
  /// All files that the export may write.
  static let fileNames =
    ["config.json", "generation_config.json", "model.safetensors"] + HuggingFaceTokenizerFiles.names

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
    // Where the embedding is trained without regard to it, the key is what the tokenizer's files say.
    if config["pad_token_id"] == nil { config["pad_token_id"] = paddingToken.map { JSONValue(Int($0)) } }
    // Left out, these would default to the ids of the architecture's own tokenizer: transformers fails to make a Phi-3 whose
    // vocabulary is smaller.
    for key in ["bos_token_id", "eos_token_id", "pad_token_id"] where config[key] == nil { config[key] = .null }
    try nameReadableClass(in: &config)
    try write(config, to: "\(path)/config.json")
    try write(generationConfig, to: "\(path)/generation_config.json")
    try HuggingFaceTokenizerFiles(stored)?.write(to: path)
    try SafetensorsFile.write(model.namedArrays, as: type, to: "\(path)/model.safetensors")
  }

  /// transformers 5 refuses a Llama and a Gemma 3 whose width is no multiple of its heads. A Mistral without a window is that Llama.
  private func nameReadableClass(in config: inout JSONValue) throws(Failure) {
    guard let type = config["model_type"]?.string, ["llama", "gemma3_text"].contains(type),
      let width = config["hidden_size"]?.integer, let heads = config["num_attention_heads"]?.integer,
      !width.isMultiple(of: heads)
    else { return }
    guard type == "llama", config["attention_bias"]?.bool != true, config["mlp_bias"]?.bool != true else {
      throw Failure(
        .model, "transformers loads no \(type) like this: its heads must divide hidden_size", at: stored.path,
        notes: ["hidden_size \(width), num_attention_heads \(heads)", "--to gguf and --to safetensors write it"])
    }
    config["model_type"] = "mistral"
    config["architectures"] = ["MistralForCausalLM"]
    config["sliding_window"] = .null
  }

  private func write(_ value: JSONValue, to path: String) throws(Failure) {
    try DurableFile.write(value.serialized(pretty: true) + "\n", to: path)
  }

  /// The token that the tokenizer's files name for padding, as far as the model has a row for it.
  private var paddingToken: Int32? {
    stored.tokenizer?.namedToken("pad_token").flatMap { Int($0) < model.vocabularySize ? $0 : nil }
  }

  private var generationConfig: JSONValue {
    var config: JSONValue = [:]
    if let beginning = stored.beginningToken ?? stored.tokenizer?.beginningOfText {
      config["bos_token_id"] = JSONValue(Int(beginning))
    }
    let ids = endTokens.map { JSONValue(Int($0)) }
    if let first = ids.first {
      config["eos_token_id"] = ids.count == 1 ? first : JSONValue(ids)
      config["pad_token_id"] = paddingToken.map { JSONValue(Int($0)) } ?? first
    }
    return config
  }
}

extension Tokenizer {
  /// The id of the token that the files give a role, nil when they give it to none.
  func namedToken(_ name: String) -> Int32? { namedTokens[name].flatMap { id(ofToken: $0) } }
}
