import Files
import Models
import Tokenizers

/// The tokens that begin and end what a model writes, in the order in which transformers looks for them:
/// `generation_config.json`, then `config.json`, then the tokenizer.
struct HuggingFaceTokens {
  /// The tokens that end a text; nil leaves that to the tokenizer.
  private(set) var ends: [Int32]?
  /// The token that begins a text where nothing else does; nil leaves that to the tokenizer.
  private(set) var beginning: Int32?
  /// What the user should know, a line each.
  private(set) var notes: [String] = []

  /// What `eos_token_id` is where a config.json leaves it out (`configuration_*.py` of transformers), by `model_type`.
  private static let defaultEnds: [String: Int32] = [
    "llama": 2, "mistral": 2, "gpt2": 50256, "gemma3_text": 1, "olmo2": 50279, "phi3": 32000, "smollm3": 128_001,
    "granite": 2, "gpt_neox": 2,
  ]
  private static let generationName = "generation_config.json"

  /// The tokens of the folder at `path`. Ids outside the model's vocabulary are dropped with a note: configurations keep
  /// defaults of other vocabularies.
  init(in path: String, _ configuration: any ModelConfiguration, _ tokenizer: Tokenizer?) throws(Failure) {
    let size = configuration.vocabularySize
    let names = [Self.generationName, HuggingFaceFolder.configurationName]
    var files: [(name: String, json: JSONValue)] = []
    for name in names {
      if let json = try HuggingFaceFolder.json(name, in: path, area: .model) { files.append((name, json)) }
    }
    for (name, json) in files {
      let source = "\(path)/\(name)"
      if ends == nil, let ids = try json.tokens("eos_token_id", source: source) {
        let known = ids.filter { 0..<size ~= Int($0) }
        if known.count < ids.count { notes.append("eos_token_id of \(name) is no token of the model and is left out") }
        ends = known
      }
      if beginning == nil, let ids = try json.tokens("bos_token_id", source: source) {
        beginning = ids.first { 0..<size ~= Int($0) }
      }
    }
    if ends == [] { ends = nil }
    if ends == nil, files.count == 1, let json = files.last?.json, json["eos_token_id"] == nil {
      takeDefault(of: json["model_type"]?.string, size, tokenizer)
    }
  }

  /// Where nothing names an end, transformers takes the default of the model type. The tokenizer's end, if it has one, is
  /// what was meant.
  private mutating func takeDefault(of type: String?, _ size: Int, _ tokenizer: Tokenizer?) {
    guard let id = type.flatMap({ Self.defaultEnds[$0] }), Int(id) < size, let tokenizer else { return }
    guard let end = tokenizer.endOfText else {
      ends = [id]
      return
    }
    if end == id { return }
    notes.append(
      "no file has eos_token_id: the tokenizer's, \(end), ends a text; transformers takes \(id), the default of \(type!)"
    )
  }
}

extension JSONValue {
  /// The tokens under a key of a configuration: an id or several, each once; nil when it has none.
  func tokens(_ key: String, source: String) throws(Failure) -> [Int32]? {
    guard let value = self[key], !value.isNull else { return nil }
    var ids: [Int32] = []
    for element in value.array ?? [value] {
      guard let id = element.integer.flatMap({ Int32(exactly: $0) }) else {
        throw Failure(.model, "\(key) is no token", at: source, notes: ["found \(value.found)"])
      }
      if !ids.contains(id) { ids.append(id) }
    }
    return ids
  }
}
