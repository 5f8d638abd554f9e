import Files

extension Llama.Configuration: ModelConfiguration {
  package static let keys: [ConfigurationKey<Self>] =
    sizeKeys + rotaryKeys(positions: ["mistral": 131_072, "qwen2": 32768]) + otherKeys

  private static let sizeKeys: [ConfigurationKey<Self>] = [
    .required("hidden_size", \.hiddenSize, .integer(), "Width of the model"),
    .required("intermediate_size", \.intermediateSize, .integer(), "Width inside the feed-forward layer"),
    .required("num_hidden_layers", \.layers, .integer(to: 100_000), "Number of blocks"),
    .required("num_attention_heads", \.heads, .integer(), "Number of query heads"),
    .derived(
      "num_key_value_heads", \.keyValueHeads, .integer(),
      "Number of key and value heads; default: num_attention_heads"
    ) { $1.isNull("num_key_value_heads") ? $0.heads : defaultKeyValueHeads($1) ?? $0.heads },
    .written("head_dim") { JSONValue($0.headSize) },
  ]

  private static let otherKeys: [ConfigurationKey<Self>] = [
    .optional("rms_norm_eps", \.rmsNormEpsilon, .number(above: 0), "Added to the mean square"),
    .optional("tie_word_embeddings", \.tiesEmbeddings, .boolean, "Whether the head is the embedding"),
    .fixed("hidden_act", "silu", accepting: ["silu", "swish"], because: "the feed-forward layer is SwiGLU"),
    .fixed("attention_dropout", 0.0, accepting: [0], inTrainingOnly: true, because: "there is no dropout"),
    .read { configuration, section in
      configuration.hasQKVBias = section.value(
        "qkv_bias", .boolean, derived: section.text("model_type") == "qwen2",
        "Biases of the query, key and value projections; default: only for model_type \"qwen2\"")
    },
    .optional("initializer_range", \.initializerRange, .number(above: 0), "Standard deviation of the first weights"),
    .written("torch_dtype") { _ in "float32" },
    .written("attention_bias") { $0.hasQKVBias ? nil : false },
  ]

  /// The number that transformers takes where a config.json leaves `num_key_value_heads` out, nil for that of all heads.
  private static func defaultKeyValueHeads(_ section: SettingsSection) -> Int? {
    section.text("model_type").flatMap { ["mistral": 8, "qwen2": 32][$0] }
  }

  package func check(_ section: inout SettingsSection) {
    section.rule(
      "num_attention_heads", "hidden_size", holds: hiddenSize.isMultiple(of: heads),
      "num_attention_heads (\(heads)) must divide hidden_size (\(hiddenSize))")
    let isDefault = !section.has("num_key_value_heads") && keyValueHeads != heads
    section.rule(
      "num_key_value_heads", "num_attention_heads", holds: heads.isMultiple(of: keyValueHeads),
      "num_key_value_heads (\(keyValueHeads)\(isDefault ? ", the default" : "")) must divide "
        + "num_attention_heads (\(heads))")
    if hiddenSize.isMultiple(of: heads) { checkRotation(section) }
    checkBiases(&section)
    section.accept("rope_interleaved", only: [false], because: "the rotary halves are those of Hugging Face")
    checkAttention(&section)
    let headSize = section.optional("head_dim", .integer(), "Size of a head: hidden_size / num_attention_heads")
    section.rule(
      "head_dim", "hidden_size", "num_attention_heads", holds: headSize == nil || headSize == hiddenSize / heads,
      "head_dim (\(headSize ?? 0)) must be hidden_size / num_attention_heads (\(hiddenSize / heads))")
    section.ignore(["pretraining_tp", "is_llama_config", "max_window_layers"])
  }

  /// Refuses biases where transformers has a key for them; it has none for the other types, whose biases are fixed.
  private func checkBiases(_ section: inout SettingsSection) {
    if section.describesModel, section.text("model_type") != "llama" {
      return section.ignore(["attention_bias", "mlp_bias"].filter { section.bool($0) == false })
    }
    section.accept("attention_bias", only: [false], because: "only \"qkv_bias\" is there, without the output's bias")
    section.accept("mlp_bias", only: [false], because: "the feed-forward layer has no biases")
  }

  /// Refuses sliding windows where transformers has them: Qwen2's by a switch, Mistral's unless the key is null.
  private func checkAttention(_ section: inout SettingsSection) {
    let type = section.text("model_type")
    section.accept("use_sliding_window", only: [false], because: "attention reaches the whole sequence")
    _ = section.optional(
      "layer_types", .list(of: .word(["full_attention"])), "Attention of each block; it reaches the whole sequence")
    let given = section.optional("sliding_window", .integer(), "Must not cut: attention reaches the whole sequence")
    guard type == "mistral" else { return }
    let window = given ?? (section.isNull("sliding_window") ? nil : Self.mistralWindow)
    let what = given == nil ? "\(Self.mistralWindow), the default of mistral" : "\(window ?? 0)"
    section.rule(
      "sliding_window", "max_position_embeddings", holds: window.map { $0 >= maximumPositions } ?? true,
      "sliding_window (\(what)) must be null or reach all \(maximumPositions) positions: there is no sliding window. "
        + "Up to \(window ?? 0) tokens null computes the same, as does \"max_position_embeddings\": \(window ?? 0)")
  }

  /// The window of a Mistral whose config.json does not say (transformers, `configuration_mistral.py`).
  private static let mistralWindow = 4096

  package var huggingFaceModel: (type: String, className: String) {
    hasQKVBias ? ("qwen2", "Qwen2ForCausalLM") : ("llama", "LlamaForCausalLM")
  }
}

// MARK: - Names in files

extension Llama.Configuration {
  package static let architecture = Architecture(
    name: "llama", modelTypes: ["llama", "mistral", "qwen2"], configuration: Self.self,
    huggingFace: HuggingFaceNaming(
      prefix: "model.", ignoredSuffixes: [".rotary_emb.inv_freq"], embedding: "model.embed_tokens.weight"),
    gguf: [
      // llama.cpp rotates neighbours in Llama and halves in Qwen2.
      gguf(
        "llama", queries: .rotaryPairs(headsKey: "num_attention_heads"),
        keys: .rotaryPairs(headsKey: "num_key_value_heads"), storesRopeFactors: true),
      gguf("qwen2", queries: .same, keys: .same, storesRopeFactors: false),
    ])

  private static func gguf(
    _ name: String, queries: GGUFNaming.Layout, keys: GGUFNaming.Layout, storesRopeFactors: Bool
  ) -> GGUFNaming {
    GGUFNaming(
      name,
      keys: [
        .integer("context_length", "max_position_embeddings"), .integer("embedding_length", "hidden_size"),
        .integer("feed_forward_length", "intermediate_size"), .integer("block_count", "num_hidden_layers"),
        .integer("attention.head_count", "num_attention_heads"),
        .integer("attention.head_count_kv", "num_key_value_heads"),
        .float("attention.layer_norm_rms_epsilon", "rms_norm_eps"), .float("rope.freq_base", "rope_theta"),
      ],
      tensors: [
        .init("token_embd.weight", "model.embed_tokens.weight"), .init("output_norm.weight", "model.norm.weight"),
        .init("output.weight", "lm_head.weight"),
      ],
      blockPrefix: "model.layers.",
      blockTensors: [
        .init("attn_norm.weight", "input_layernorm.weight"),
        .init("attn_q.weight", "self_attn.q_proj.weight", queries), .init("attn_q.bias", "self_attn.q_proj.bias"),
        .init("attn_k.weight", "self_attn.k_proj.weight", keys), .init("attn_k.bias", "self_attn.k_proj.bias"),
        .init("attn_v.weight", "self_attn.v_proj.weight"), .init("attn_v.bias", "self_attn.v_proj.bias"),
        .init("attn_output.weight", "self_attn.o_proj.weight"),
        .init("ffn_norm.weight", "post_attention_layernorm.weight"), .init("ffn_gate.weight", "mlp.gate_proj.weight"),
        .init("ffn_up.weight", "mlp.up_proj.weight"), .init("ffn_down.weight", "mlp.down_proj.weight"),
      ],
      storesRopeFactors: storesRopeFactors)
  }
}
