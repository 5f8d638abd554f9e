import Files

/// GPT-NeoX and Pythia (Black et al. 2022, arXiv:2204.06745; Biderman et al. 2023): LayerNorm, GELU, biases, a quarter of
/// each head rotated, and attention and the feed-forward layer side by side.
enum GPTNeoX {
  struct Configuration: Equatable, Sendable, SizedConfiguration {
    var sizes = DecoderSizes(positions: 2048, normEpsilon: 1e-5)
    var rotaryShare = 0.25
    var isParallel = true
    var hasAttentionBias = true
    /// Whether GELU is its approximation by tanh.
    var usesTanh = false

    static let ropeKeys: (theta: String, share: String?) = ("rotary_emb_base", "rotary_pct")

    static let keys: [ConfigurationKey<Self>] =
      [
        .required("hidden_size", \.sizes.hiddenSize, .integer(), "Width of the model"),
        .required("intermediate_size", \.sizes.intermediateSize, .integer(), "Width inside the feed-forward layer"),
        .required("num_hidden_layers", \.sizes.layers, .integer(to: 100_000), "Number of blocks"),
        .required("num_attention_heads", \.sizes.heads, .integer(), "Number of heads"),
        .read { configuration, _ in configuration.sizes.keyValueHeads = configuration.sizes.heads },
      ] + rotaryKeys() + [
        epsilonKey("layer_norm_eps"),
        .optional(
          "use_parallel_residual", \.isParallel, .boolean,
          "Whether attention and the feed-forward layer are side by side"),
        .optional("attention_bias", \.hasAttentionBias, .boolean, "Biases of the projections of attention"),
        .optional("tie_word_embeddings", \.sizes.tiesEmbeddings, .boolean, "Whether the head is the embedding"),
        .read { configuration, section in
          let name = section.value(
            "hidden_act", .word(["gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh"]), default: "gelu",
            "The activation")
          configuration.usesTanh = name != "gelu"
        },
        .written("hidden_act") { $0.usesTanh ? "gelu_new" : "gelu" },
        dropout("attention_dropout"), dropout("hidden_dropout"),
        .optional(
          "initializer_range", \.sizes.initializerRange, .number(above: 0), "Standard deviation of the first weights"),
        .written("torch_dtype") { _ in "float32" },
      ]

    private static func dropout(_ name: String) -> ConfigurationKey<Self> {
      .fixed(name, 0.0, accepting: [0], inTrainingOnly: true, because: "there is no dropout")
    }

    func check(_ section: inout SettingsSection) {
      checkHeads(section, dividesWidth: true)
      let size = sizes.hiddenSize / max(1, sizes.heads)
      section.accept("head_dim", only: [JSONValue(size)], because: "it is hidden_size / num_attention_heads")
      section.ignore(["classifier_dropout", "pad_token_id"])
    }

    var huggingFaceModel: (type: String, className: String) { ("gpt_neox", "GPTNeoXForCausalLM") }

    var plan: DecoderPlan {
      var plan = sizedPlan
      plan.norm.kind = .layer
      plan.biases = BiasPlan(
        queriesKeysValues: hasAttentionBias, attentionOutput: hasAttentionBias, feedForward: true)
      plan.activation = usesTanh ? .tanhGELU : .gelu
      plan.isParallel = isParallel
      plan.interleavesHeads = true
      plan.names = DecoderNames(
        model: "gpt_neox", embedding: "embed_in", norm: "final_layer_norm", head: "embed_out", attention: "attention",
        queriesKeysValues: ["query_key_value"], attentionOutput: "dense", inner: ["dense_h_to_4h"],
        outer: "dense_4h_to_h")
      return plan
    }
  }
}

extension GPTNeoX.Configuration {
  static let architecture = Architecture(
    name: "gpt_neox", modelTypes: ["gpt_neox"], configuration: Self.self,
    huggingFace: HuggingFaceNaming(
      prefix: "gpt_neox.",
      ignoredSuffixes: [
        ".attention.bias", ".attention.masked_bias", ".attention.rotary_emb.inv_freq", ".rotary_emb.inv_freq",
      ],
      // The module has the other name in transformers 5, which saves it under this one; torch's own files have the module's.
      embedding: "gpt_neox.embed_in.weight", head: "embed_out.weight", otherHead: "lm_head.weight"),
    gguf: [
      GGUFNaming(
        "gptneox", modelType: "gpt_neox",
        keys: [
          .integer("context_length", "max_position_embeddings"), .integer("embedding_length", "hidden_size"),
          .integer("feed_forward_length", "intermediate_size"), .integer("block_count", "num_hidden_layers"),
          .integer("attention.head_count", "num_attention_heads"),
          .float("attention.layer_norm_epsilon", "layer_norm_eps"),
          .float("rope.freq_base", "rotary_emb_base"), .boolean("use_parallel_residual", "use_parallel_residual"),
        ],
        derived: [.rotaryShare("rotary_pct")],
        tensors: [
          .init("token_embd.weight", "gpt_neox.embed_in.weight"),
          .init("output_norm.weight", "gpt_neox.final_layer_norm.weight"),
          .init("output_norm.bias", "gpt_neox.final_layer_norm.bias"), .init("output.weight", "embed_out.weight"),
        ],
        blockPrefix: "gpt_neox.layers.",
        blockTensors: [
          ("attn_norm", "input_layernorm", .same),
          ("attn_qkv", "attention.query_key_value", GGUFNaming.Layout.separatedHeads(headsKey: "num_attention_heads")),
          ("attn_output", "attention.dense", .same), ("ffn_norm", "post_attention_layernorm", .same),
          ("ffn_up", "mlp.dense_h_to_4h", .same), ("ffn_down", "mlp.dense_4h_to_h", .same),
        ].flatMap { [.init("\($0).weight", "\($1).weight", $2), .init("\($0).bias", "\($1).bias", $2)] },
        lacks: [.tiedHead, .unbiasedAttention, .scaling, .tanhGELU])
    ])
}
