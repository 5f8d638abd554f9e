import Checkpoints
import Files
import Models
import Tokenizers

/// A model in a GGUF file, as llama.cpp reads it: configuration and tokenizer in the metadata, weights of any of ggml's
/// common types (github.com/ggml-org/ggml, docs/gguf.md).
enum GGUFModel {
  /// Opens the model in the file at `path`.
  static func open(_ path: String) throws(Failure) -> StoredModel {
    let file = try GGUFFile(path)
    if file["general.type"]?.string == "adapter" {
      throw file.failure("the file is an adapter, not a model", "llama.cpp takes it beside its base with --lora")
    }
    let configuration = try GGUFConfiguration(file).configuration()
    let tokenizer = try GGUFTokenizer(file)
    return try StoredModel(
      configuration, tokenizer: tokenizer.tokenizer, chatTemplate: file["tokenizer.chat_template"]?.string ?? "",
      endTokens: tokenizer.ends, notes: tokenizer.notes,
      weights: GGUFWeights(file, GGUFNames(configuration, path: path, isRead: true)))
  }
}

extension GGUFFile {
  func failure(_ what: String, _ note: String, area: Failure.Area = .model) -> Failure {
    Failure(area, what, at: path, notes: [note])
  }

  /// The integer under a key, nil when the key is not there.
  func integer(_ key: String) throws(Failure) -> Int? {
    guard let value = self[key] else { return nil }
    guard let integer = value.integer else { throw failure("\(key) is not an integer", "found \(value.kind)") }
    return integer
  }

  /// The string under a key, nil when the key is not there.
  func string(_ key: String) throws(Failure) -> String? {
    guard let value = self[key] else { return nil }
    guard let string = value.string else { throw failure("\(key) is not a string", "found \(value.kind)") }
    return string
  }

  /// The boolean under a key, nil when the key is not there.
  func bool(_ key: String) throws(Failure) -> Bool? {
    guard let value = self[key] else { return nil }
    guard let bool = value.bool else { throw failure("\(key) is neither true nor false", "found \(value.kind)") }
    return bool
  }
}

extension GGUFValue {
  /// What kind of value this is, for messages.
  var kind: String {
    switch self {
    case .integer(let value): "the integer \(value)"
    case .unsigned(let value): "the integer \(value)"
    case .float(let value): "the number \(value)"
    case .bool(let value): "\(value)"
    case .string(let value): "the string \"\(value.prefix(60))\""
    case .integers, .floats, .bools, .strings: "a list"
    }
  }
}
