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
    let template = try chatTemplate(in: path)
    return try StoredModel(
      weights.configuration, tokenizer: tokenizer, chatTemplate: template.text, endTokens: tokens.ends,
      beginningToken: tokens.beginning, notes: description.notes + weights.notes + tokens.notes + template.notes,
      weights: weights)
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
}
