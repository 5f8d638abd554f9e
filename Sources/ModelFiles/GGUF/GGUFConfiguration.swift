import Checkpoints
import Files
import Models

/// The metadata of a GGUF file as the keys of a config.json.
struct GGUFConfiguration {
  private let file: GGUFFile
  private let naming: GGUFNaming
  private static let keyHeads = "num_key_value_heads"

  init(_ file: GGUFFile) throws(Failure) {
    self.file = file
    let known = Architectures.all.flatMap(\.gguf)
    let name = try file.string("general.architecture")
    guard let naming = known.first(where: { $0.architecture == name }) else {
      throw file.failure(
        "general.architecture is not supported",
        "expected \(known.map(\.architecture).joined(separator: ", ")), found \(file["general.architecture"]?.kind ?? "none")"
      )
    }
    self.naming = naming
  }

  func configuration() throws(Failure) -> any ModelConfiguration {
    guard let embedding = file.tensors.first(where: { $0.name == "token_embd.weight" }), embedding.shape.count == 2
    else {
      throw file.failure("the file has no matrix token_embd.weight", "every model has one")
    }
    var config: JSONValue = [
      "model_type": JSONValue(naming.modelType), "vocab_size": JSONValue(embedding.shape[0]),
      "tie_word_embeddings": JSONValue(!file.tensors.contains { $0.name == "output.weight" }),
    ]
    for key in naming.keys {
      let name = "\(naming.architecture).\(key.gguf)"
      guard let value = file[name] else { continue }
      config[key.config] = try json(value, name)
    }
    // Where it is left out, llama.cpp has as many as queries; the defaults of transformers differ by type.
    if naming.keys.contains(where: { $0.config == Self.keyHeads }), config[Self.keyHeads] == nil {
      config[Self.keyHeads] = config["num_attention_heads"]
    }
    // transformers takes it for the embedding's, whatever it is to the tokenizer.
    if let padding = try file.integer("tokenizer.ggml.padding_token_id"), (0..<embedding.shape[0]).contains(padding) {
      config["pad_token_id"] = JSONValue(padding)
    }
    // llama.cpp has biases where there are tensors of them.
    for (key, tensor) in [("attention_bias", "blk.0.attn_output.bias"), ("mlp_bias", "blk.0.ffn_down.bias")]
    where naming.modelType == "llama" || naming.modelType == "granite" {
      config[key] = JSONValue(file.tensors.contains { $0.name == tensor })
    }
    for key in naming.derived {
      let name = "\(naming.architecture).\(key.gguf)"
      let value = try file[name].map { (value) throws(Failure) in try json(value, name) }
      guard key.read(value, &config) else {
        throw file.failure("\(name) is not supported", "found \(file[name]?.kind ?? "none")")
      }
    }
    try checkOtherKeys(config)
    if let scaling = try ropeScaling(config) { config["rope_scaling"] = scaling }
    if let scaling = try longRopeScaling(config) {
      config["rope_scaling"] = scaling
      config["original_max_position_embeddings"] = scaling["original_max_position_embeddings"]
    }
    config["attention_factor"] = nil
    return try configuration(config)
  }

  private func configuration(_ config: JSONValue) throws(Failure) -> any ModelConfiguration {
    let description = try ModelDescription(configuration: config.serialized(), source: "\(file.path):metadata")
    return description.configuration(vocabularySize: description.vocabularySize!)
  }

  /// A number as a config.json has it. A float is written as the shortest text that reads back as it: 0.00001 is meant, not
  /// the nearest float's digits.
  private func json(_ value: GGUFValue, _ key: String) throws(Failure) -> JSONValue {
    switch value {
    case .integer(let value): return JSONValue(value)
    case .float(let value): return JSONValue(Float(value))
    case .bool(let value): return JSONValue(value)
    case .string(let value): return JSONValue(value)
    default: throw file.failure("\(key) is not a number", "found \(value.kind)")
    }
  }

  /// A key of the architecture that is not read must have the value that the model computes with, or it is refused.
  private func checkOtherKeys(_ config: JSONValue) throws(Failure) {
    let headSize = GGUFValue.integer(width(config) / max(1, heads(config)))
    let accepted: [String: [GGUFValue]] = [
      "vocab_size": [.integer(config["vocab_size"]!.integer!)], "rope.dimension_count": [headSize],
      "attention.key_length": [headSize], "attention.value_length": [headSize], "rope.scaling.type": [.string("none")],
      "expert_count": [.integer(0)], "expert_used_count": [.integer(0)], "attention.causal": [.bool(true)],
      "attention.sliding_window": [.integer(0)],
    ]
    let known = naming.keys.map(\.gguf) + naming.derived.map(\.gguf)
    for (key, value) in file.metadata where key.hasPrefix("\(naming.architecture).") {
      let name = String(key.dropFirst(naming.architecture.count + 1))
      if known.contains(name) || accepted[name]?.contains(value) == true { continue }
      let expected = accepted[name].map { "expected \($0[0].kind)" } ?? "it may change what the model computes"
      throw file.failure("\(key) (\(value.kind)) is not supported", expected)
    }
  }

  /// The width of the model, 0 when the file does not say.
  private func width(_ config: JSONValue) -> Int { integer("embedding_length", config) ?? 0 }

  /// The number of heads, 0 when the file does not say.
  private func heads(_ config: JSONValue) -> Int { integer("attention.head_count", config) ?? 0 }

  private func integer(_ gguf: String, _ config: JSONValue) -> Int? {
    naming.keys.first { $0.gguf == gguf }.flatMap { config[$0.config]?.integer }
  }

  /// The `rope_scaling` that gives the factors in the file; nil when it has none, or none that scale.
  private func ropeScaling(_ config: JSONValue) throws(Failure) -> JSONValue? {
    guard let tensor = file.tensors.first(where: { $0.name == GGUFRopeFactors.name }) else { return nil }
    let refusal = file.failure(
      "\(tensor.name) is not Llama 3's stretching", "only llama3 with its usual bounds is read")
    let heads = heads(config)
    let headSize = config["head_dim"]?.integer ?? width(config) / max(1, heads)
    guard naming.storesRopeFactors, tensor.shape.count == 1, heads > 0, tensor.count > 0, tensor.count == headSize / 2
    else { throw refusal }
    let factors = try file.read(tensor)
    var scaling = GGUFRopeFactors.scaling(factors, theta: config["rope_theta"]?.double ?? 10000)
    if let text = try file.string(GGUFRopeFactors.key) {
      scaling = try JSONValue.parse(Array(text.utf8), source: "\(file.path):\(GGUFRopeFactors.key)", area: .model)
    }
    var config = config
    config["rope_scaling"] = scaling
    let expected = try configuration(config).ropeFactors ?? factors.map { _ in 1 }
    guard zip(expected, factors).allSatisfy({ abs($0 - Double($1)) <= 1e-4 * $0 }) else { throw refusal }
    return scaling
  }

  /// The `rope_scaling` of the two tensors of factors in the file; nil when it has none.
  private func longRopeScaling(_ config: JSONValue) throws(Failure) -> JSONValue? {
    var factors: [[Float]] = []
    for name in GGUFRopeFactors.longNames {
      guard let tensor = file.tensors.first(where: { $0.name == name }) else { continue }
      guard naming.storesLongRopeFactors, tensor.shape.count == 1 else {
        throw file.failure("\(name) is not supported", "\(naming.architecture) has no factors of long texts")
      }
      factors.append(try file.read(tensor))
    }
    guard factors.count == 2 else {
      if factors.isEmpty { return nil }
      throw file.failure("factors of long or of short texts are missing", "both or none are expected")
    }
    let positions = config["max_position_embeddings"]?.integer ?? 1
    let original = config["original_max_position_embeddings"]?.integer ?? positions
    var scaling: JSONValue = [
      "rope_type": "longrope", "factor": JSONValue(Double(positions) / Double(max(1, original))),
      "original_max_position_embeddings": JSONValue(original),
    ]
    for (key, values) in zip(["long_factor", "short_factor"], factors) {
      scaling[key] = JSONValue(values.map { JSONValue($0) })
    }
    let usual = RopeScaling(longRope: scaling).usualAmplitude
    if let stored = config["attention_factor"], let value = stored.double, abs(value - usual) > 1e-6 * usual {
      scaling["attention_factor"] = stored
    }
    return scaling
  }
}
