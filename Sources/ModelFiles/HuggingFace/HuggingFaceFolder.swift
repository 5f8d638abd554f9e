import Files
import Models
import Tokenizers

/// A model as Hugging Face's libraries save it: a folder with `config.json`, `model.safetensors` or shards of it, and
/// files about the tokenizer (huggingface.co/docs/transformers, `save_pretrained`).
enum HuggingFaceFolder {
  static let configurationName = "config.json"
  static let jsonLimit = 256 << 20

  /// Opens the model in the folder `path`.
  static func open(_ path: String) throws(Failure) -> StoredModel {
    let source = "\(path)/\(configurationName)"
    let bytes = try ReadableFile.contents(of: source, area: .model, limit: jsonLimit)
    if let invalid = bytes.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) {
      throw Failure(.model, "the file is not UTF-8", at: "\(source), byte \(invalid)")
    }
    let description = try ModelDescription(
      configuration: String(decoding: bytes, as: UTF8.self), source: source, isForeign: true)
    let configuration = description.configuration(vocabularySize: description.vocabularySize!)
    let tokenizer = try HuggingFaceTokenizer.read(path)
    let tokens = try HuggingFaceTokens(in: path, configuration, tokenizer)
    let weights = try HuggingFaceWeights(path, configuration)
    return try StoredModel(
      weights.configuration, tokenizer: tokenizer, chatTemplate: chatTemplate(in: path), endTokens: tokens.ends,
      beginningToken: tokens.beginning, notes: description.notes + weights.notes + tokens.notes, weights: weights)
  }

  /// The object in one of the folder's files, nil when the file is not there.
  static func json(_ name: String, in path: String, area: Failure.Area) throws(Failure) -> JSONValue? {
    guard try Folder.names(in: path, area: area).contains(name) else { return nil }
    let source = "\(path)/\(name)"
    let document = try JSONValue.parse(
      ReadableFile.contents(of: source, area: area, limit: jsonLimit), source: source, area: area)
    if document.object == nil {
      throw Failure(area, "the file is \(document.kind) where an object is expected", at: source)
    }
    return document
  }

  // MARK: Chat template

  /// The template in a file of its own, or in `tokenizer_config.json`: as a text, or as the default of several.
  private static func chatTemplate(in path: String) throws(Failure) -> String {
    let source = "\(path)/chat_template.jinja"
    if try Folder.names(in: path, area: .tokenizer).contains("chat_template.jinja") {
      let bytes = try ReadableFile.contents(of: source, area: .tokenizer, limit: 1 << 20)
      return String(decoding: bytes, as: UTF8.self)
    }
    let value = try json("tokenizer_config.json", in: path, area: .tokenizer)?["chat_template"]
    if let text = value?.string { return text }
    let named = value?.array?.first { $0["name"]?.string == "default" }
    return named?["template"]?.string ?? ""
  }
}
