import Files

extension Llama.Configuration: ModelConfiguration {
  package static let keys: [ConfigurationKey<Self>] =
    sizeKeys + rotaryKeys(positions: ["mistral": 131_072, "qwen2": 32768]) + otherKeys
    + paddingKeys

  private static let sizeKeys: [ConfigurationKey<Self>] = [
    .required("hidden_size", \.hiddenSize, .integer(), "Width of the model"),
    .required("intermediate_size", \.intermediateSize, .integer(), "Width inside the feed-forward layer"),
    .required("num_hidden_layers", \.layers, .integer(to: 100_000), "Number of blocks"),
    .required("num_attention_heads", \.heads, .integer(), "Number of query heads"),
    .derived(
      "num_key_value_heads", \.keyValueHeads, .integer(),
      "Number of key and value heads; default: num_attention_heads"
    ) { $1.isNull("num_key_value_heads") ? $0.heads : defaultKeyValueHeads($1) ?? $0.heads },
    .read { configuration, section in
      configuration.headDimension = section.optional(
        "head_dim", .integer(), "Size of a head; default: hidden_size / num_attention_heads")
    },
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
    .read { $0.readBiases(from: &$1) },
    .written("attention_bias") { $0.hasQKVBias ? Optional.none : JSONValue($0.hasAttentionBias) },
    .written("mlp_bias") { $0.hasInnerBias ? true : Optional.none },
    .read { $0.readWindow(from: &$1) },
    .written("sliding_window") { $0.slidingWindow.map { JSONValue($0) } },
    .written("use_sliding_window") { $0.slidingWindow != nil && $0.hasQKVBias ? true : Optional.none },
    .written("max_window_layers") {
      $0.slidingWindow != nil && $0.hasQKVBias ? JSONValue($0.layersBeforeWindow) : Optional.none
    },
  ]

  /// The number that transformers takes where a config.json leaves `num_key_value_heads` out, nil for that of all heads.
  private static func defaultKeyValueHeads(_ section: SettingsSection) -> Int? {
    section.text("model_type").flatMap { ["mistral": 8, "qwen2": 32][$0] }
  }

  /// Reads the biases that transformers has keys for; it has none for the other types, whose biases are fixed.
  private mutating func readBiases(from section: inout SettingsSection) {
    if section.describesModel, section.text("model_type") != "llama" {
      return section.ignore(["attention_bias", "mlp_bias"].filter { section.bool($0) == false })
    }
    hasAttentionBias = section.value(
      "attention_bias", .boolean, default: false, "Biases of all four projections of attention")
    hasInnerBias = section.value("mlp_bias", .boolean, default: false, "Biases of the feed-forward layer")
  }

  /// Reads the sliding window: Qwen2's is there by a switch, Mistral's unless the key is null. `LlamaConfig` has no window and
  /// `MistralConfig` no switch: transformers passes over the keys of them that a file has.
  private mutating func readWindow(from section: inout SettingsSection) {
    let type = section.text("model_type")
    let isQwen = type == "qwen2" || hasQKVBias
    let given = section.optional("sliding_window", .integer(), "How many keys a token sees; default: all")
    let isSwitchedOn = section.value(
      "use_sliding_window", .boolean, derived: !isQwen, "Whether Qwen2's blocks have the window")
    let isOn = type == "mistral" || (type != "llama" && isSwitchedOn)
    if type == "mistral" {
      section.acceptForTraining(
        "use_sliding_window", only: [true], because: "a mistral has its window unless sliding_window is null")
    }
    if type == "llama", isSwitchedOn, let given, given < maximumPositions {
      section.acceptForTraining("sliding_window", only: [.null], because: "models of the type llama have no window")
    }
    let start = section.optional("max_window_layers", .integer(from: 0), "The first of Qwen2's blocks with the window")
    let usual = ["mistral": 4096, "qwen2": 4096][type ?? ""]
    let window = isOn ? given ?? (section.isNull("sliding_window") ? nil : usual) : nil
    layersBeforeWindow = isQwen ? min(start ?? 28, layers) : 0
    checkLayerTypes(&section, window: layersBeforeWindow == layers ? nil : window)
    // A window that reaches all positions is none.
    slidingWindow = layersBeforeWindow == layers || window.map { $0 >= maximumPositions } ?? true ? nil : window
  }

  /// `layer_types` must say what the keys before it do.
  private func checkLayerTypes(_ section: inout SettingsSection, window: Int?) {
    let kinds = ["full_attention", "sliding_attention"]
    let given = section.optional(
      "layer_types", .list(of: .word(kinds)), "Whether each block sees all keys or those in the window")
    let expected = (0..<layers).map { window != nil && $0 >= layersBeforeWindow ? kinds[1] : kinds[0] }
    section.rule(
      "layer_types", "sliding_window", "max_window_layers", "num_hidden_layers",
      holds: given == nil || given == expected,
      "layer_types is not what sliding_window and max_window_layers say: blocks from a first one on have the window")
  }

  package func check(_ section: inout SettingsSection) {
    if headDimension == nil {
      section.rule(
        "num_attention_heads", "hidden_size", holds: hiddenSize.isMultiple(of: heads),
        "num_attention_heads (\(heads)) must divide hidden_size (\(hiddenSize))")
    }
    let isDefault = !section.has("num_key_value_heads") && keyValueHeads != heads
    section.rule(
      "num_key_value_heads", "num_attention_heads", holds: heads.isMultiple(of: keyValueHeads),
      "num_key_value_heads (\(keyValueHeads)\(isDefault ? ", the default" : "")) must divide "
        + "num_attention_heads (\(heads))")
    if headDimension != nil || hiddenSize.isMultiple(of: heads) { checkRotation(section) }
    section.accept("rope_interleaved", only: [false], because: "the rotary halves are those of Hugging Face")
    section.rule(
      "qkv_bias", "attention_bias", "mlp_bias", holds: !hasQKVBias || !(hasAttentionBias || hasInnerBias),
      "qkv_bias is Qwen2's, which has no attention_bias and no mlp_bias")
    section.rule(
      "sliding_window", "attention_bias", "mlp_bias",
      holds: slidingWindow == nil || !(hasAttentionBias || hasInnerBias),
      "no model of transformers has a sliding_window with attention_bias or mlp_bias")
    section.ignore(["pretraining_tp", "is_llama_config"])
  }

  package var huggingFaceModel: (type: String, className: String) {
    if hasQKVBias { return ("qwen2", "Qwen2ForCausalLM") }
    return slidingWindow == nil ? ("llama", "LlamaForCausalLM") : ("mistral", "MistralForCausalLM")
  }
}

// MARK: - Names in files

extension Llama.Configuration {
  package static let architecture = Architecture(
    name: "llama", modelTypes: ["llama", "mistral", "qwen2"], configuration: Self.self, huggingFace: .llama,
    gguf: [
      // llama.cpp rotates neighbours in Llama and halves in Qwen2.
      GGUFNaming(
        "llama", keys: GGUFNaming.llamaKeys,
        derived: [.headSize, .valueSize, .rotaryWidth] + GGUFNaming.Derived.scaling,
        tensors: GGUFNaming.llamaTensors(), blockTensors: GGUFNaming.llamaBlockTensors(rotaryPairs: true, biases: true),
        lacks: [.otherScalingThanLlama3], storesRopeFactors: true),
      GGUFNaming(
        "qwen2", keys: GGUFNaming.llamaKeys,
        derived: [.headSize, .valueSize, .rotaryWidth] + GGUFNaming.Derived.scaling,
        tensors: GGUFNaming.llamaTensors(),
        blockTensors: GGUFNaming.llamaBlockTensors(biases: true).filter {
          !$0.gguf.hasSuffix(".bias") || ["attn_q.bias", "attn_k.bias", "attn_v.bias"].contains($0.gguf)
        }, lacks: [.otherHeadSize, .switchedWindow, .otherScaling]),
    ])
}
