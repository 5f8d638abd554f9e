import Files

extension GPT2.Configuration: ModelConfiguration {
  package static let name = "gpt2"
  package static let modelTypes = ["gpt2"]
  package static let tensorPrefix = "transformer."

  package init(from section: inout SettingsSection, vocabularySize: Int) {
    self.vocabularySize = vocabularySize
    width = section.required("n_embd", .integer(), "Width of the model")
    layers = section.required("n_layer", .integer(to: 100_000), "Number of blocks")
    heads = section.required("n_head", .integer(), "Number of heads")
    maximumPositions = section.value("n_positions", .integer(), default: 1024, "Longest sequence the model takes")
    let usualInnerWidth = width.multipliedReportingOverflow(by: 4)
    innerWidth = section.value(
      "n_inner", .integer(), derived: usualInnerWidth.overflow ? .max : usualInnerWidth.partialValue,
      "Width inside the feed-forward layer; default: 4 n_embd")
    layerNormEpsilon = section.value("layer_norm_epsilon", .number(above: 0), default: 1e-5, "Added to the variance")
    tiesEmbeddings = section.value("tie_word_embeddings", .boolean, default: true, "Whether the head is the embedding")
    initializerRange = section.value(
      "initializer_range", .number(above: 0), default: 0.02, "Standard deviation of the first weights")
    section.rule(
      "n_head", "n_embd", holds: width.isMultiple(of: heads), "n_head (\(heads)) must divide n_embd (\(width))")
    section.accept(
      "activation_function", only: ["gelu_new", "gelu_pytorch_tanh"], because: "the activation is tanh-GELU")
    for key in ["attn_pdrop", "embd_pdrop", "resid_pdrop"] {
      section.acceptForTraining(key, only: [0], because: "there is no dropout")
    }
    section.accept("scale_attn_weights", only: [true], because: "scores are divided by the root of the head's size")
    section.accept(
      "scale_attn_by_inverse_layer_idx", only: [false], because: "scores are not scaled by the layer's index")
    section.accept("add_cross_attention", only: [false], because: "the model is a decoder alone")
    section.ignore([
      "n_ctx", "reorder_and_upcast_attn", "summary_activation", "summary_first_dropout", "summary_proj_to_labels",
      "summary_type", "summary_use_proj", "task_specific_params",
    ])
  }

  package var parameterCount: Int? {
    sumOfProducts([
      [tiesEmbeddings ? 1 : 2, vocabularySize, width], [maximumPositions, width], [2, width],
      [layers, 4, width], [layers, 4, width, width], [layers, 4, width],
      [layers, 2, width, innerWidth], [layers, innerWidth], [layers, width],
    ])
  }

  package func makeModel(seed: UInt64?) -> any LanguageModel { GPT2(self, seed: seed) }

  package var json: JSONValue {
    [
      "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": JSONValue(vocabularySize),
      "n_embd": JSONValue(width), "n_layer": JSONValue(layers), "n_head": JSONValue(heads),
      "n_positions": JSONValue(maximumPositions), "n_ctx": JSONValue(maximumPositions),
      "n_inner": JSONValue(innerWidth), "layer_norm_epsilon": JSONValue(layerNormEpsilon),
      "activation_function": "gelu_new", "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0,
      "tie_word_embeddings": JSONValue(tiesEmbeddings), "initializer_range": JSONValue(initializerRange),
      "torch_dtype": "float32",
    ]
  }
}
