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
      endTokens: endTokens(of: file), notes: notes, weights: GGUFWeights(file, configuration))
  }

  /// The tokens that end a text, and that end a turn where that is another.
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

  /// The flag under a key, nil when the key is not there.
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

/// The metadata of a GGUF file as the keys of a config.json.
struct GGUFConfiguration {
  private let file: GGUFFile
  private let architecture: String

  /// The keys under the architecture's name that a config.json has under another; every other key of the architecture
  /// is checked or refused, as it may change the mathematics.
  static func keys(of architecture: String) -> [(gguf: String, config: String)] {
    if architecture == "gpt2" {
      return [
        ("context_length", "n_positions"), ("embedding_length", "n_embd"), ("feed_forward_length", "n_inner"),
        ("block_count", "n_layer"), ("attention.head_count", "n_head"),
        ("attention.layer_norm_epsilon", "layer_norm_epsilon"),
      ]
    }
    return [
      ("context_length", "max_position_embeddings"), ("embedding_length", "hidden_size"),
      ("feed_forward_length", "intermediate_size"), ("block_count", "num_hidden_layers"),
      ("attention.head_count", "num_attention_heads"), ("attention.head_count_kv", "num_key_value_heads"),
      ("attention.layer_norm_rms_epsilon", "rms_norm_eps"), ("rope.freq_base", "rope_theta"),
    ]
  }

  init(_ file: GGUFFile) throws(Failure) {
    self.file = file
    let known = ["llama", "qwen2", "gpt2"]
    guard let name = try file.string("general.architecture"), known.contains(name) else {
      throw file.failure(
        "general.architecture is not supported",
        "expected \(known.joined(separator: ", ")), found \(file["general.architecture"]?.kind ?? "none")")
    }
    architecture = name
  }

  func configuration() throws(Failure) -> any ModelConfiguration {
    guard let embedding = file.tensors.first(where: { $0.name == "token_embd.weight" }), embedding.shape.count == 2
    else {
      throw file.failure("the file has no matrix token_embd.weight", "every model has one")
    }
    var config: JSONValue = [
      "model_type": JSONValue(architecture), "vocab_size": JSONValue(embedding.shape[0]),
      "tie_word_embeddings": JSONValue(!file.tensors.contains { $0.name == "output.weight" }),
    ]
    for (key, name) in Self.keys(of: architecture) {
      guard let value = file["\(architecture).\(key)"] else { continue }
      config[name] = try json(value, "\(architecture).\(key)")
    }
    try checkOtherKeys(config)
    if let scaling = try ropeScaling(config) { config["rope_scaling"] = scaling }
    let description = try ModelDescription(configuration: config.serialized(), source: "\(file.path):metadata")
    return description.configuration(vocabularySize: embedding.shape[0])
  }

  /// A number as a config.json has it: 0.00001 is no float, but the shortest text that gives the float is what was meant.
  private func json(_ value: GGUFValue, _ key: String) throws(Failure) -> JSONValue {
    switch value {
    case .integer(let value): return JSONValue(value)
    case .float(let value): return JSONValue(Float(value))
    default: throw file.failure("\(key) is not a number", "found \(value.kind)")
    }
  }

  private func checkOtherKeys(_ config: JSONValue) throws(Failure) {
    let heads = config["num_attention_heads"]?.integer ?? config["n_head"]?.integer ?? 1
    let width = config["hidden_size"]?.integer ?? config["n_embd"]?.integer ?? 0
    let headSize = GGUFValue.integer(width / max(1, heads))
    let accepted: [String: [GGUFValue]] = [
      "vocab_size": [.integer(config["vocab_size"]!.integer!)], "rope.dimension_count": [headSize],
      "attention.key_length": [headSize], "attention.value_length": [headSize], "rope.scaling.type": [.string("none")],
      "expert_count": [.integer(0)], "expert_used_count": [.integer(0)], "attention.causal": [.bool(true)],
      "attention.sliding_window": [.integer(0)],
    ]
    let known = Self.keys(of: architecture).map(\.gguf)
    for (key, value) in file.metadata where key.hasPrefix("\(architecture).") {
      let name = String(key.dropFirst(architecture.count + 1))
      if known.contains(name) || accepted[name]?.contains(value) == true { continue }
      let expected = accepted[name].map { "expected \($0[0].kind)" } ?? "it may change what the model computes"
      throw file.failure("\(key) (\(value.kind)) is not supported", expected)
    }
  }

  /// Llama 3's stretching of wavelengths, which GGUF has as a tensor of factors: the parameters that give them.
  private func ropeScaling(_ config: JSONValue) throws(Failure) -> JSONValue? {
    guard let tensor = file.tensors.first(where: { $0.name == GGUFWeights.ropeFactors }) else { return nil }
    let refusal = file.failure(
      "\(tensor.name) is not Llama 3's stretching", "only llama3 with its usual bounds is read")
    let (width, heads) = (config["hidden_size"]?.integer ?? 0, config["num_attention_heads"]?.integer ?? 0)
    guard architecture == "llama", tensor.shape.count == 1, heads > 0, tensor.count > 0,
      tensor.count == width / heads / 2
    else { throw refusal }
    let factors = try file.read(tensor)
    let factor = factors.max()!
    let scaling: JSONValue = [
      "rope_type": "llama3", "factor": JSONValue(factor), "low_freq_factor": 1, "high_freq_factor": 4,
      "original_max_position_embeddings": 8192,
    ]
    var config = config
    config["rope_scaling"] = scaling
    let description = try ModelDescription(configuration: config.serialized(), source: "\(file.path):metadata")
    guard let llama = description.configuration(vocabularySize: 1) as? Llama.Configuration,
      zip(llama.ropeFactors, factors).allSatisfy({ abs($0 - Double($1)) <= 1e-4 * $0 })
    else { throw refusal }
    return scaling
  }
}

/// The weights in a GGUF file under Hugging Face's names, in Hugging Face's layout.
struct GGUFWeights: WeightSource {
  /// The tensor that stands for a part of the configuration.
  static let ropeFactors = "rope_freqs.weight"

  private let file: GGUFFile
  private let names: GGUFNames
  private let tensors: [String: GGUFTensor]

  init(_ file: GGUFFile, _ configuration: any ModelConfiguration) {
    self.file = file
    let names = GGUFNames(configuration)
    self.names = names
    let found = file.tensors.filter { $0.name != Self.ropeFactors }
    tensors = Dictionary(found.map { (names.name(ofGGUF: $0.name) ?? $0.name, $0) }) { first, _ in first }
  }

  var path: String { file.path }

  var shapes: [(name: String, shape: [Int]?)] {
    tensors.sorted { $0.key < $1.key }.map { name, tensor in
      let shape = names.layout(of: name) == .transposed ? tensor.shape.reversed() : tensor.shape
      return (name, tensor.type.isFloat ? shape : nil)
    }
  }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    let tensor = tensors[name]!
    let layout = names.layout(of: name)
    if layout == .same || tensor.shape.count != 2 { return try file.read(tensor, into: values) }
    let (rows, columns) = (tensor.shape[0], tensor.shape[1])
    let stored = try file.read(tensor)
    if case .interleaved(let heads) = layout {
      RotaryRows.reorder(stored, into: values.baseAddress!, rows: rows, columns: columns, heads: heads, toPairs: false)
    } else {
      transpose(stored, into: values.baseAddress!, rows: rows, columns: columns)
    }
  }
}
