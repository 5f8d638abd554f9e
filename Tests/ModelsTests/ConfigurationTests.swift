import Files
import Models
import Support
import Testing

@Suite struct ConfigurationTests {
  static let texts = [
    """
    { "model_type": "llama", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3,
      "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rope_theta": 500000.0,
      "rms_norm_eps": 1e-05, "tie_word_embeddings": true, "rope_scaling": { "rope_type": "llama3", "factor": 8.0,
      "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32 } }
    """,
    """
    { "model_type": "qwen2", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 4, "tie_word_embeddings": false, "use_sliding_window": false,
      "max_window_layers": 2 }
    """,
    """
    { "model_type": "gpt2", "vocab_size": 100, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32 }
    """,
    """
    { "model_type": "gpt2", "vocab_size": 100, "n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32,
      "n_inner": 40, "tie_word_embeddings": false, "initializer_range": 0.01 }
    """,
    """
    { "model_type": "llama", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3,
      "num_attention_heads": 4, "head_dim": 6, "attention_bias": true, "mlp_bias": true,
      "rope_scaling": { "rope_type": "linear", "factor": 2.0 } }
    """,
    """
    { "model_type": "qwen3", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3,
      "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "max_position_embeddings": 64,
      "rope_theta": 1000000.0, "tie_word_embeddings": true, "attention_bias": false }
    """,
    """
    { "model_type": "gemma3_text", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 7,
      "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 6, "sliding_window": 8, "query_pre_attn_scalar": 6 }
    """,
    """
    { "model_type": "olmo2", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "tie_word_embeddings": false }
    """,
    """
    { "model_type": "phi3", "vocab_size": 100, "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 2, "partial_rotary_factor": 0.5, "max_position_embeddings": 64,
      "original_max_position_embeddings": 16, "tie_word_embeddings": true,
      "rope_scaling": { "type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [2.0, 4.0] } }
    """,
    """
    { "model_type": "smollm3", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 5,
      "num_attention_heads": 4, "num_key_value_heads": 2, "no_rope_layers": [1, 1, 1, 0, 1] }
    """,
    """
    { "model_type": "granite", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
      "num_attention_heads": 4, "num_key_value_heads": 2, "embedding_multiplier": 12.0, "attention_multiplier": 0.015625,
      "residual_multiplier": 0.22, "logits_scaling": 8.0, "attention_bias": true, "mlp_bias": true }
    """,
    """
    { "model_type": "gpt_neox", "vocab_size": 100, "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2,
      "num_attention_heads": 4, "rotary_pct": 0.25, "use_parallel_residual": true }
    """,
  ]

  private func configuration(_ text: String) throws -> any ModelConfiguration {
    let description = try ModelDescription(configuration: text, source: "config.json")
    return description.configuration(vocabularySize: try #require(description.vocabularySize))
  }

  @Test(arguments: texts) func whatIsWrittenIsRead(_ text: String) throws {
    let configuration = try configuration(text)
    let written = configuration.json.serialized(pretty: true)
    #expect(try self.configuration(written).json == configuration.json)
    let original = try JSONValue.parse(Array(text.utf8), source: "", area: .model)
    for member in original.object! where configuration.json[member.key] != nil {
      #expect(configuration.json[member.key] == member.value, "\(member.key)")
    }
  }

  @Test(arguments: texts) func theParametersAreAsManyAsTheFormulaSays(_ text: String) throws {
    let configuration = try configuration(text)
    let model = configuration.makeModel(seed: 1)
    #expect(configuration.parameterCount == model.parameterCount)
    #expect(configuration.vocabularySize == model.vocabularySize)
    #expect(configuration.maximumPositions == model.maximumPositions)
  }

  @Test(arguments: [
    ("{}", "missing key \"architecture\""),
    (#"{ "model_type": "bert" }"#, "\"model_type\" must be"),
    (#"{ "model_type": "gpt2", "n_embd": 4, "n_layer": 1, "n_head": 2 }"#, "missing key \"vocab_size\""),
    (#"{ "model_type": "gpt2", "n_embd": 4, "n_layer": 1, "n_head": 3, "vocab_size": 9 }"#, "n_head (3) must divide"),
    ("[]", "is an object"),
  ])
  func aFaultIsTheModels(_ text: String, _ what: String) {
    #expect {
      _ = try ModelDescription(configuration: text, source: "config.json")
    } throws: { error in
      let failure = error as? Failure
      let all = failure.map { [$0] + $0.others } ?? []
      return failure?.area == .model && all.contains { $0.what.contains(what) }
    }
  }
}

@Suite struct UnknownTypeTests {
  /// Nothing else in the file is worth a problem, least of all a key of recipes that it lacks.
  @Test func theTypeIsTheOnlyProblem() {
    let text = #"{ "model_type": "gemma2", "hidden_size": 8, "final_logit_softcapping": 30.0 }"#
    let refusal = refusal { _ = try ModelDescription(configuration: text, source: "config.json") }
    #expect(refusal?.what.hasPrefix("\"model_type\" must be") == true, "\(refusal as Any)")
    #expect(refusal?.others.isEmpty == true, "\(refusal as Any)")
  }
}

/// What a config.json means that leaves keys out or has others: what transformers takes it for
/// (`configuration_llama.py`, `configuration_mistral.py`, `configuration_qwen2.py`, `configuration_gpt2.py`).
@Suite struct ForeignConfigurationTests {
  private static let sizes: [(String, JSONValue)] = [
    ("vocab_size", 9), ("hidden_size", 64), ("intermediate_size", 8), ("num_hidden_layers", 1),
    ("num_attention_heads", 32),
  ]

  private func description(_ members: [(String, JSONValue)]) throws(Failure) -> ModelDescription {
    var config: JSONValue = [:]
    for (key, value) in members { config[key] = value }
    return try ModelDescription(configuration: config.serialized(), source: "config.json", isForeign: true)
  }

  private func json(_ type: String, _ members: [(String, JSONValue)]) throws(Failure) -> JSONValue {
    try description([("model_type", JSONValue(type))] + Self.sizes + members).configuration(vocabularySize: 9).json
  }

  @Test func whatIsLeftOutIsTheModelTypes() throws {
    let window: (String, JSONValue) = ("sliding_window", .null)
    for (type, members, positions, heads) in [
      ("llama", [], 2048, 32), ("mistral", [window], 131_072, 8), ("qwen2", [], 32768, 32),
      ("mistral", [window, ("num_key_value_heads", .null)], 131_072, 32), ("olmo2", [("rms_norm_eps", 1e-6)], 2048, 32),
      ("qwen3", [("head_dim", 2)], 32768, 32), ("granite", [], 2048, 32),
      ("qwen2", [("num_key_value_heads", .null), ("num_attention_heads", 16)], 32768, 16),
    ] as [(String, [(String, JSONValue)], Int, Int)] {
      let json = try json(type, members)
      #expect(json["max_position_embeddings"]?.integer == positions, "\(type)")
      #expect(json["num_key_value_heads"]?.integer == heads, "\(type)")
      #expect(json["rms_norm_eps"]?.double == 1e-6 && json["rope_theta"]?.double == 10000, "\(type)")
      #expect(json["tie_word_embeddings"]?.bool == false, "\(type)")
    }
    let refusal = refusal { _ = try json("qwen2", [("num_attention_heads", 16)]) }
    #expect(refusal?.what.hasPrefix("num_key_value_heads (32, the default) must divide") == true)
    let gpt2 = try description([
      ("model_type", "gpt2"), ("vocab_size", 9), ("n_embd", 8), ("n_layer", 1), ("n_head", 2),
    ])
    let written = gpt2.configuration(vocabularySize: 9).json
    #expect(written["n_positions"] == 1024 && written["tie_word_embeddings"] == true && written["n_inner"] == 32)
  }

  @Test func aMistralHasAWindowUnlessItSaysNull() throws {
    for (members, window) in [
      ([], 4096), ([("sliding_window", 64)], 64), ([("sliding_window", .null)], nil),
    ] as [([(String, JSONValue)], Int?)] {
      let json = try json("mistral", members)
      #expect(json["sliding_window"]?.integer == window)
      #expect(json["model_type"] == (window == nil ? "llama" : "mistral"))
    }
  }

  /// transformers passes over keys that the class of a type does not have.
  @Test func aLlamaHasNoWindowAndAMistralNoSwitch() throws {
    let window: (String, JSONValue) = ("sliding_window", 8)
    let off = [window, ("use_sliding_window", false)]
    #expect(try json("llama", [window])["sliding_window"]?.integer == nil)
    #expect(try json("llama", [window, ("layer_types", ["full_attention"])])["model_type"] == "llama")
    #expect(try json("mistral", off)["sliding_window"]?.integer == 8)
    for (type, members) in [("llama", [window]), ("mistral", off)] {
      let notes = try description([("model_type", JSONValue(type))] + Self.sizes + members).notes
      #expect(notes.contains { $0.contains("has no effect here") }, "\(type): \(notes)")
    }
    // Where no type is named, the key is a wish.
    let own = try description([("architecture", "llama")] + Self.sizes + [window]).configuration(vocabularySize: 9)
    #expect(own.json["sliding_window"]?.integer == 8)
  }

  /// transformers takes it for the share that is rotated, and for nothing else.
  @Test func aHeadOfGPTNeoXIsItsShareOfTheWidth() throws {
    #expect(try json("gpt_neox", [("num_attention_heads", 4), ("head_dim", 16)])["hidden_size"] == 64)
    let refusal = refusal { _ = try json("gpt_neox", [("num_attention_heads", 4), ("head_dim", 8)]) }
    #expect(refusal?.what.contains("\"head_dim\" must be 16") == true, "\(refusal as Any)")
  }

  @Test func aQwenHasAWindowByItsSwitch() throws {
    let sizes: [(String, JSONValue)] = [("num_hidden_layers", 3)]
    func window(_ members: [(String, JSONValue)]) throws(Failure) -> JSONValue? {
      try json("qwen2", sizes + members)["sliding_window"]
    }
    #expect(try window([("sliding_window", 8)]) == nil)
    #expect(try window([("use_sliding_window", true), ("sliding_window", 8)]) == nil)
    let on: [(String, JSONValue)] = [("use_sliding_window", true), ("sliding_window", 8), ("max_window_layers", 1)]
    #expect(try window(on) == 8)
    let kinds: JSONValue = ["full_attention", "sliding_attention", "sliding_attention"]
    #expect(try window(on + [("layer_types", kinds)]) == 8)
    let other: JSONValue = ["sliding_attention", "full_attention", "sliding_attention"]
    #expect(refusal { _ = try window(on + [("layer_types", other)]) }?.what.hasPrefix("layer_types is not") == true)
  }

  @Test func llama3BeginsWithThePositionsOfTheModel() throws {
    let bounds: [(String, JSONValue)] = [
      ("rope_type", "llama3"), ("factor", 8), ("low_freq_factor", 1), ("high_freq_factor", 4),
    ]
    func object(_ members: [(String, JSONValue)]) -> JSONValue {
      JSONValue(members.map { JSONMember($0.0, $0.1) })
    }
    func original(_ members: [(String, JSONValue)]) throws(Failure) -> Int? {
      try json("llama", [("max_position_embeddings", 512)] + members)["rope_scaling"]?[
        "original_max_position_embeddings"]?
        .integer
    }
    let inside = object(bounds + [("original_max_position_embeddings", 64)])
    #expect(try original([("rope_scaling", object(bounds))]) == 512)
    #expect(try original([("rope_parameters", object(bounds))]) == 512)
    #expect(try original([("rope_scaling", inside)]) == 64)
    let beside: (String, JSONValue) = ("original_max_position_embeddings", 128)
    #expect(try original([("rope_scaling", object(bounds)), beside]) == 128)
    #expect(refusal { _ = try original([("rope_scaling", inside), beside]) }?.what.contains("is not the 128") == true)
    for left in 1..<4 {
      var fewer = bounds
      let key = fewer.remove(at: left).0
      let refusal = refusal { _ = try original([("rope_scaling", object(fewer))]) }
      #expect(refusal?.what == "missing key \"rope_scaling.\(key)\"", "\(refusal as Any)")
    }
  }

  @Test func aThetaMayLieInOrBesideItsObject() throws {
    let theta: (String, JSONValue) = ("rope_theta", 5e5)
    for members in [
      [theta], [("rope_parameters", ["rope_theta": 5e5])], [("rope_parameters", ["rope_type": "default"]), theta],
      [("rope_parameters", ["rope_theta": 5e5, "rope_type": "default"]), theta],
      [("rope_scaling", ["rope_theta": 5e5, "rope_type": "default"])],
    ] as [[(String, JSONValue)]] {
      #expect(try json("llama", members)["rope_theta"]?.double == 5e5, "\(members)")
    }
    for parameters in [
      ["rope_theta": 1e4], ["partial_rotary_factor": 0.5, "rope_theta": 5e5], ["full_attention": ["rope_theta": 5e5]],
      ["rope_type": "ntk", "factor": 2], ["rope_type": "linear"],
    ] as [JSONValue] {
      #expect(refusal { _ = try json("llama", [("rope_parameters", parameters), theta]) }?.area == .model)
    }
  }

  /// `attribute_map` of GPT-2.
  @Test func gpt2TakesTheNamesOfOthers() throws {
    let members: [(String, JSONValue)] = [
      ("model_type", "gpt2"), ("vocab_size", 9), ("hidden_size", 8), ("num_hidden_layers", 1),
      ("num_attention_heads", 2), ("max_position_embeddings", 16),
    ]
    let json = try description(members).configuration(vocabularySize: 9).json
    #expect(json["n_embd"] == 8 && json["n_layer"] == 1 && json["n_head"] == 2 && json["n_positions"] == 16)
    #expect(try description(members + [("n_embd", 8)]).notes.isEmpty)
    let refusal = refusal { _ = try description(members + [("n_positions", 32)]) }
    #expect(refusal?.what == "\"max_position_embeddings\" must be 32", "\(refusal as Any)")
  }

  @Test func keysWithoutEffectAreNotedInOneLine() throws {
    let harmless: [(String, JSONValue)] = [
      ("unsloth_version", "2025.3"), ("temperature", 0.7), ("tokenizer_class", "X"), ("num_local_experts", 8),
    ]
    let config = [("model_type", "llama")] + Self.sizes
    let noted = try description(config + harmless + [("new_key", .null), ("is_encoder_decoder", false)])
    #expect(
      noted.notes == [
        "keys of config.json without effect: unsloth_version, temperature, tokenizer_class, num_local_experts"
      ])
    for (key, value) in [
      ("is_encoder_decoder", true), ("quantization_config", ["quant_method": "gptq"]), ("pruned_heads", ["0": [1]]),
      ("per_layer_config", ["0": ["head_dim": 4]]),
    ] as [(String, JSONValue)] {
      let refusal = refusal { _ = try description(config + [(key, value)]) }
      #expect(refusal?.what.contains(key) == true, "\(key): \(refusal as Any)")
    }
  }

  /// A recipe is the user's own text: what is unknown in it is a mistake.
  @Test func aRecipeStaysStrict() {
    let document: JSONValue = ["architecture": "llama", "hidden_size": 8, "num_hidden_layer": 1]
    let decoder = SettingsDecoder(source: "r.json", area: .recipe)
    _ = decoder.read(document) { ModelDescription(from: &$0) }
    let all = decoder.failure.map { [$0] + $0.others } ?? []
    #expect(
      all.contains {
        $0.what == "unknown key \"num_hidden_layer\"" && $0.notes == ["did you mean \"num_hidden_layers\"?"]
      })
  }
}
