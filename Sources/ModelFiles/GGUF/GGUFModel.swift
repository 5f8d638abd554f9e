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
    let configuration = try GGUFConfiguration(file).configuration()
    let (tokenizer, notes) = try GGUFTokenizer(file).tokenizer()
    return try StoredModel(
      configuration, tokenizer: tokenizer, chatTemplate: file["tokenizer.chat_template"]?.string ?? "",
      endTokens: endTokens(of: file), notes: notes,
      weights: GGUFWeights(file, GGUFNames(configuration, path: path)))
  }

  /// The token that ends a text, and the one that ends a turn if it differs.
  private static func endTokens(of file: GGUFFile) throws(Failure) -> [Int32]? {
    var tokens: [Int32] = []
    for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
      guard let id = try file.integer(key) else { continue }
      guard let id = Int32(exactly: id) else { throw file.failure("\(key) is no token", "found \(id)") }
      if !tokens.contains(id) { tokens.append(id) }
    }
    return tokens.isEmpty ? nil : tokens
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
