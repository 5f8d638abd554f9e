import Files

extension Llama.Configuration: ModelConfiguration {
  package static let name = "llama"
  package static let modelTypes = ["llama", "mistral", "qwen2"]
  package static let tensorPrefix = "model."

  package init(from section: inout SettingsSection, vocabularySize: Int) {
    self.vocabularySize = vocabularySize
    hiddenSize = section.required("hidden_size", .integer(), "Width of the model")
    intermediateSize = section.required("intermediate_size", .integer(), "Width inside the feed-forward layer")
    layers = section.required("num_hidden_layers", .integer(to: 100_000), "Number of blocks")
    heads = section.required("num_attention_heads", .integer(), "Number of query heads")
    keyValueHeads = section.value(
      "num_key_value_heads", .integer(), derived: section.text("model_type") == "mistral" ? 8 : heads,
      "Number of key and value heads; default: num_attention_heads")
    maximumPositions = section.value(
      "max_position_embeddings", .integer(to: 1 << 20), default: 2048, "Longest sequence the model takes")
    (ropeTheta, ropeScaling) = Self.rope(from: &section)
    rmsNormEpsilon = section.value("rms_norm_eps", .number(above: 0), default: 1e-6, "Added to the mean square")
    tiesEmbeddings = section.value(
      "tie_word_embeddings", .boolean, default: false, "Whether the head is the embedding")
    hasQKVBias = section.value(
      "qkv_bias", .boolean, derived: section.text("model_type") == "qwen2",
      "Biases of the query, key and value projections; default: only for model_type \"qwen2\"")
    initializerRange = section.value(
      "initializer_range", .number(above: 0), default: 0.02, "Standard deviation of the first weights")
    checkRules(&section)
  }

  /// `rope_theta` and `rope_scaling`, or the `rope_parameters` that hold both in newer files.
  private static func rope(from section: inout SettingsSection) -> (theta: Double, scaling: Llama.RopeScaling?) {
    let meaning = "Base of the rotary wavelengths"
    let parameters = section.optionalSection("rope_parameters", "rope_theta and rope_scaling in one object") {
      (
        theta: $0.value("rope_theta", .number(above: 0), default: 10000, meaning),
        scaling: Llama.RopeScaling(from: &$0)
      )
    }
    if let parameters {
      section.accept("rope_theta", only: [JSONValue(parameters.theta)], because: "rope_parameters has that value")
      section.accept("rope_scaling", only: [.null], because: "rope_parameters takes its place")
      return parameters
    }
    let theta = section.value("rope_theta", .number(above: 0), default: 10000, meaning)
    let scaling = section.optionalSection("rope_scaling", "Stretching of the rotary wavelengths") {
      Llama.RopeScaling(from: &$0)
    }
    return (theta, scaling.flatMap { $0 })
  }

  private func checkRules(_ section: inout SettingsSection) {
    section.rule(
      "num_attention_heads", "hidden_size", holds: hiddenSize.isMultiple(of: heads),
      "num_attention_heads (\(heads)) must divide hidden_size (\(hiddenSize))")
    section.rule(
      "num_key_value_heads", "num_attention_heads", holds: heads.isMultiple(of: keyValueHeads),
      "num_key_value_heads (\(keyValueHeads)) must divide num_attention_heads (\(heads))")
    section.rule(
      "hidden_size", "num_attention_heads",
      holds: !hiddenSize.isMultiple(of: heads) || (hiddenSize / heads).isMultiple(of: 2),
      "the size of a head (\(hiddenSize / heads)) must be even for rotary positions")
    section.accept("hidden_act", only: ["silu", "swish"], because: "the feed-forward layer is SwiGLU")
    section.accept("attention_bias", only: [false], because: "only \"qkv_bias\" is there, without the output's bias")
    section.accept("mlp_bias", only: [false], because: "the feed-forward layer has no biases")
    section.acceptForTraining("attention_dropout", only: [0], because: "there is no dropout")
    section.accept("use_sliding_window", only: [false], because: "attention reaches the whole sequence")
    _ = section.optional(
      "layer_types", .list(of: .word(["full_attention"])), "Attention of each block; it reaches the whole sequence")
    let window = section.optional("sliding_window", .integer(), "Must not cut: attention reaches the whole sequence")
    section.rule(
      "sliding_window", "max_position_embeddings",
      holds: section.text("model_type") != "mistral" || window.map { $0 >= maximumPositions } ?? true,
      "sliding_window (\(window ?? 0)) must be null or reach all \(maximumPositions) positions: there is no sliding window"
    )
    section.accept("partial_rotary_factor", only: [1], because: "whole heads are rotated")
    section.accept("rope_interleaved", only: [false], because: "the rotary halves are those of Hugging Face")
    let headSize = section.optional("head_dim", .integer(), "Size of a head: hidden_size / num_attention_heads")
    section.rule(
      "head_dim", "hidden_size", "num_attention_heads", holds: headSize == nil || headSize == hiddenSize / heads,
      "head_dim (\(headSize ?? 0)) must be hidden_size / num_attention_heads (\(hiddenSize / heads))")
    section.ignore(["pretraining_tp", "is_llama_config", "max_window_layers"])
  }

  package var parameterCount: Int? {
    let keyWidth = (hiddenSize / heads).multipliedReportingOverflow(by: keyValueHeads)
    if keyWidth.overflow { return nil }
    return sumOfProducts([
      [tiesEmbeddings ? 1 : 2, vocabularySize, hiddenSize], [hiddenSize],
      [layers, 2, hiddenSize], [layers, 2, hiddenSize, hiddenSize], [layers, 2, hiddenSize, keyWidth.partialValue],
      [layers, 3, hiddenSize, intermediateSize],
      [hasQKVBias ? layers : 0, hiddenSize], [hasQKVBias ? layers : 0, 2, keyWidth.partialValue],
    ])
  }

  /// How many times longer the stretching makes the wavelength of each pair of channels.
  package var ropeFactors: [Double] {
    var plain = self
    plain.ropeScaling = nil
    return zip(plain.rotaryFrequencies, rotaryFrequencies).map { $0 / $1 }
  }

  package func makeModel(seed: UInt64?) -> any LanguageModel { Llama(self, seed: seed) }

  package var json: JSONValue {
    var configuration: JSONValue = [
      "architectures": [hasQKVBias ? "Qwen2ForCausalLM" : "LlamaForCausalLM"],
      "model_type": hasQKVBias ? "qwen2" : "llama", "vocab_size": JSONValue(vocabularySize),
      "hidden_size": JSONValue(hiddenSize), "intermediate_size": JSONValue(intermediateSize),
      "num_hidden_layers": JSONValue(layers), "num_attention_heads": JSONValue(heads),
      "num_key_value_heads": JSONValue(keyValueHeads), "head_dim": JSONValue(hiddenSize / heads),
      "max_position_embeddings": JSONValue(maximumPositions), "rope_theta": JSONValue(ropeTheta),
      "rms_norm_eps": JSONValue(rmsNormEpsilon), "tie_word_embeddings": JSONValue(tiesEmbeddings),
      "hidden_act": "silu", "attention_dropout": 0.0, "initializer_range": JSONValue(initializerRange),
      "torch_dtype": "float32",
    ]
    if !hasQKVBias { configuration["attention_bias"] = false }
    if let ropeScaling { configuration["rope_scaling"] = ropeScaling.json }
    return configuration
  }
}

extension Llama.RopeScaling {
  /// The scaling, or nil for the type `default`, which scales nothing.
  fileprivate init?(from section: inout SettingsSection) {
    let key = section.has("type") && !section.has("rope_type") ? "type" : "rope_type"
    let type = section.required(key, .word(["llama3", "default"]), "How the wavelengths are stretched")
    section.ignore(["type"])
    if type == "default" { return nil }
    factor = section.required("factor", .number(from: 1), "How far the long wavelengths are stretched")
    lowFrequencyFactor = section.value(
      "low_freq_factor", .number(above: 0), default: 1, "Bound of the long wavelengths")
    highFrequencyFactor = section.value(
      "high_freq_factor", .number(above: 0), default: 4, "Bound of the short wavelengths")
    originalPositions = section.value(
      "original_max_position_embeddings", .integer(), default: 8192, "Positions before the stretching")
    section.rule(
      "high_freq_factor", "low_freq_factor", holds: lowFrequencyFactor < highFrequencyFactor,
      "high_freq_factor (\(highFrequencyFactor)) must exceed low_freq_factor (\(lowFrequencyFactor))")
  }

  fileprivate var json: JSONValue {
    [
      "rope_type": "llama3", "factor": JSONValue(factor), "low_freq_factor": JSONValue(lowFrequencyFactor),
      "high_freq_factor": JSONValue(highFrequencyFactor),
      "original_max_position_embeddings": JSONValue(originalPositions),
    ]
  }
}
