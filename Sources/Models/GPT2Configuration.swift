import Files

extension GPT2.Configuration: ModelConfiguration {
  package static let keys: [ConfigurationKey<Self>] = [
    .required("n_embd", or: "hidden_size", \.width, .integer(), "Width of the model"),
    .required("n_layer", or: "num_hidden_layers", \.layers, .integer(to: 100_000), "Number of blocks"),
    .required("n_head", or: "num_attention_heads", \.heads, .integer(), "Number of heads"),
    .optional(
      "n_positions", or: "max_position_embeddings", \.maximumPositions, .integer(), "Longest sequence the model takes"),
    .written("n_ctx") { JSONValue($0.maximumPositions) },
    .derived("n_inner", \.innerWidth, .integer(), "Width inside the feed-forward layer; default: 4 n_embd") {
      configuration, _ in
      let usual = configuration.width.multipliedReportingOverflow(by: 4)
      return usual.overflow ? .max : usual.partialValue
    },
    .optional("layer_norm_epsilon", \.layerNormEpsilon, .number(above: 0), "Added to the variance"),
    .fixed(
      "activation_function", "gelu_new", accepting: ["gelu_new", "gelu_pytorch_tanh"],
      because: "the activation is tanh-GELU"),
    dropout("attn_pdrop"), dropout("embd_pdrop"), dropout("resid_pdrop"),
    .optional("tie_word_embeddings", \.tiesEmbeddings, .boolean, "Whether the head is the embedding"),
    .optional("initializer_range", \.initializerRange, .number(above: 0), "Standard deviation of the first weights"),
    .written("torch_dtype") { _ in "float32" },
  ]

  private static func dropout(_ name: String) -> ConfigurationKey<Self> {
    .fixed(name, 0.0, accepting: [0], inTrainingOnly: true, because: "there is no dropout")
  }

  package func check(_ section: inout SettingsSection) {
    section.rule(
      "n_head", "n_embd", holds: width.isMultiple(of: heads), "n_head (\(heads)) must divide n_embd (\(width))")
    section.accept("scale_attn_weights", only: [true], because: "scores are divided by the root of the head's size")
    section.accept(
      "scale_attn_by_inverse_layer_idx", only: [false], because: "scores are not scaled by the layer's index")
    section.accept("add_cross_attention", only: [false], because: "the model is a decoder alone")
    section.ignore([
      "n_ctx", "pad_token_id", "reorder_and_upcast_attn", "summary_activation", "summary_first_dropout",
      "summary_proj_to_labels",
      "summary_type", "summary_use_proj", "task_specific_params",
    ])
  }

  package var huggingFaceModel: (type: String, className: String) { ("gpt2", "GPT2LMHeadModel") }

  package var parameterCount: Int? {
    sumOfProducts([
      [tiesEmbeddings ? 1 : 2, vocabularySize, width], [maximumPositions, width], [2, width],
      [layers, 4, width], [layers, 4, width, width], [layers, 4, width],
      [layers, 2, width, innerWidth], [layers, innerWidth], [layers, width],
    ])
  }

  package func makeModel(seed: UInt64?) -> any LanguageModel { GPT2(self, seed: seed) }
}

// MARK: - Names in files

extension GPT2.Configuration {
  package static let architecture = Architecture(
    name: "gpt2", modelTypes: ["gpt2"], configuration: Self.self,
    huggingFace: HuggingFaceNaming(
      prefix: "transformer.", ignoredSuffixes: [".attn.bias", ".attn.masked_bias"],
      embedding: "transformer.wte.weight"),
    gguf: [
      GGUFNaming(
        "gpt2",
        keys: [
          .integer("context_length", "n_positions"), .integer("embedding_length", "n_embd"),
          .integer("feed_forward_length", "n_inner"), .integer("block_count", "n_layer"),
          .integer("attention.head_count", "n_head"), .float("attention.layer_norm_epsilon", "layer_norm_epsilon"),
        ],
        tensors: [
          .init("token_embd.weight", "transformer.wte.weight"), .init("position_embd.weight", "transformer.wpe.weight"),
          .init("output_norm.weight", "transformer.ln_f.weight"), .init("output_norm.bias", "transformer.ln_f.bias"),
          .init("output.weight", "lm_head.weight"),
        ],
        blockPrefix: "transformer.h.",
        blockTensors: [
          ("attn_norm", "ln_1", .same), ("attn_qkv", "attn.c_attn", .transposed),
          ("attn_output", "attn.c_proj", .transposed), ("ffn_norm", "ln_2", .same),
          ("ffn_up", "mlp.c_fc", .transposed), ("ffn_down", "mlp.c_proj", .transposed),
        ].flatMap { [.init("\($0).weight", "\($1).weight", $2), .init("\($0).bias", "\($1).bias")] })
    ])
}
