import Files

/// The text model of Gemma 3 (Gemma team 2025, arXiv:2503.19786): norms before and after both branches, weights of norms
/// stored as differences from 1, GeGLU, scaled embeddings, and layers that see a window of the text, with rotary wavelengths
/// of their own, between layers that see all of it.
enum Gemma3 {
  struct Configuration: Equatable, Sendable, SizedConfiguration {
    var sizes: DecoderSizes = {
      var sizes = DecoderSizes(positions: 131_072, normEpsilon: 1e-6, tiesEmbeddings: true)
      (sizes.ropeTheta, sizes.slidingWindow) = (1_000_000, 4096)
      return sizes
    }()
    var hasAttentionBias = false
    /// The base of the rotary wavelengths in layers with a window.
    var localTheta = 10000.0
    /// Scores are divided by its root.
    var queryScalar = 256.0

    static let keys: [ConfigurationKey<Self>] =
      sizeKeys(keyHeads: 4) + [headSizeKey(usual: 256)] + rotaryKeys() + [
        epsilonKey(),
        .optional("attention_bias", \.hasAttentionBias, .boolean, "Biases of the projections of attention"),
        .optional("query_pre_attn_scalar", \.queryScalar, .wholeNumber, "Scores are divided by its root"),
        .read { $0.readLocalTheta(from: &$1) }, .written("rope_local_base_freq") { JSONValue($0.localTheta) },
        .read { $0.readWindows(from: &$1) },
        .written("sliding_window") { $0.sizes.slidingWindow.map { JSONValue($0) } },
        .written("layer_types") { configuration in
          JSONValue(
            (0..<configuration.sizes.layers).map {
              configuration.sizes.window($0) != nil ? "sliding_attention" : "full_attention"
            })
        },
      ] + weightKeys(activation: "hidden_activation", ["gelu_pytorch_tanh", "gelu_new", "gelu_fast"])
      + paddingKeys

    static let hasLocalRotation = true
    static let usualPaddingToken: Int? = 0
    mutating func takeLocalTheta(_ theta: Double) { localTheta = theta }

    /// Reads the base beside the objects, which agrees with theirs if they have one.
    private mutating func readLocalTheta(from section: inout SettingsSection) {
      localTheta = section.value(
        "rope_local_base_freq", .number(above: 0), default: localTheta,
        "Base of the rotary wavelengths in layers with a window")
    }

    private mutating func readWindows(from section: inout SettingsSection) {
      let window = section.optional("sliding_window", .integer(), "How many keys a token sees in a layer with a window")
      if let window { sizes.slidingWindow = window }
      let pattern = section.value(
        "sliding_window_pattern", .integer(), default: 6, "Every such layer sees the whole text")
      readLayerTypes(from: &section) { !($0 + 1).isMultiple(of: pattern) }
    }

    func check(_ section: inout SettingsSection) {
      checkHeads(section, dividesWidth: false)
      for key in ["final_logit_softcapping", "attn_logit_softcapping"] {
        section.accept(key, only: [.null], because: "there is no capping of logits or scores")
      }
      section.accept("use_bidirectional_attention", only: [false], because: "no token sees a later one")
      // transformers writes the underscored key and does not read it.
      section.ignore(["cache_implementation", "_sliding_window_pattern", "hidden_act"])
    }

    var huggingFaceModel: (type: String, className: String) { ("gemma3_text", "Gemma3ForCausalLM") }

    var plan: DecoderPlan {
      var plan = sizedPlan
      plan.norm = NormPlan(
        kind: .offsetRMS, epsilon: sizes.normEpsilon, beforeAttention: "input_layernorm",
        afterAttention: "post_attention_layernorm", beforeFeedForward: "pre_feedforward_layernorm",
        afterFeedForward: "post_feedforward_layernorm")
      plan.headNorm = .perHead
      plan.biases = BiasPlan(queriesKeysValues: hasAttentionBias, attentionOutput: hasAttentionBias)
      plan.activation = .geGLU
      plan.embeddingScale = .inside(Double(sizes.hiddenSize).squareRoot())
      plan.attentionScale = 1 / queryScalar.squareRoot()
      plan.rotary = [rotaryPlan, RotaryPlan(width: sizes.headSize, theta: localTheta)]
      let sizes = sizes
      plan.layer = { layer in
        let window = sizes.window(layer)
        return LayerPlan(rotary: window == nil ? 0 : 1, window: window)
      }
      return plan
    }
  }
}

extension Gemma3.Configuration {
  static let architecture = Architecture(
    name: "gemma3", modelTypes: ["gemma3_text"], configuration: Self.self, huggingFace: .llama,
    gguf: [
      GGUFNaming(
        "gemma3", modelType: "gemma3_text",
        keys: GGUFNaming.llamaKeys + [
          .integer("attention.sliding_window", "sliding_window"), .float("rope.freq_base_swa", "rope_local_base_freq"),
        ],
        derived: [.headSize, .valueSize, .rotaryWidth, .queryScalar], tensors: GGUFNaming.llamaTensors(norm: .plusOne),
        blockTensors: GGUFNaming.llamaBlockTensors(
          norms: [
            ("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
            ("ffn_norm", "pre_feedforward_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm"),
          ], norm: .plusOne) + [
            .init("attn_q_norm.weight", "self_attn.q_norm.weight", .plusOne),
            .init("attn_k_norm.weight", "self_attn.k_norm.weight", .plusOne),
          ],
        lacks: [.attentionBias, .scaling] + GGUFNaming.Lack.otherLocalLayers)
    ])
}

extension SettingsType where Value == Double {
  /// A whole number, which is written as an integer: `Gemma3TextConfig` takes no other.
  fileprivate static var wholeNumber: Self {
    let number = Self.number(above: 0)
    return Self(
      "a whole number above 0", placeholder: number.placeholder, schema: ["type": "integer", "exclusiveMinimum": 0],
      read: { number.read($0).flatMap { Int(exactly: $0) == nil ? nil : $0 } },
      write: { JSONValue(Int($0)) })
  }
}
