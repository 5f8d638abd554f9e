import Files

/// OLMo 2 (OLMo team 2025, arXiv:2501.00656): norms after attention and the feed-forward layer instead of before them, and
/// norms of all queries and of all keys.
enum OLMo2 {
  struct Configuration: Equatable, Sendable, SizedConfiguration {
    var sizes = DecoderSizes(positions: 2048, normEpsilon: 1e-5)
    var hasAttentionBias = false

    static let usualPaddingToken: Int? = 1

    static let keys: [ConfigurationKey<Self>] =
      sizeKeys() + [headSizeKey(usual: nil)] + rotaryKeys() + [
        epsilonKey(),
        .optional("attention_bias", \.hasAttentionBias, .boolean, "Biases of the projections of attention"),
      ] + weightKeys() + paddingKeys

    func check(_ section: inout SettingsSection) {
      checkHeads(section, dividesWidth: false)
      section.accept("clip_qkv", only: [.null], because: "OLMo 2 clips nothing")
    }

    var huggingFaceModel: (type: String, className: String) { ("olmo2", "Olmo2ForCausalLM") }

    var plan: DecoderPlan {
      var plan = sizedPlan
      plan.headNorm = .wholeWidth
      plan.norm.beforeAttention = nil
      plan.norm.afterAttention = "post_attention_layernorm"
      plan.norm.beforeFeedForward = nil
      plan.norm.afterFeedForward = "post_feedforward_layernorm"
      plan.biases = BiasPlan(queriesKeysValues: hasAttentionBias, attentionOutput: hasAttentionBias)
      return plan
    }
  }
}

extension OLMo2.Configuration {
  static let architecture = Architecture(
    name: "olmo2", modelTypes: ["olmo2"], configuration: Self.self, huggingFace: .llama,
    gguf: [
      GGUFNaming(
        "olmo2", keys: GGUFNaming.llamaKeys,
        derived: [.headSize, .valueSize, .rotaryWidth] + GGUFNaming.Derived.scaling,
        tensors: GGUFNaming.llamaTensors(),
        blockTensors: GGUFNaming.llamaBlockTensors(norms: [
          ("post_attention_norm", "post_attention_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm"),
        ]) + [
          .init("attn_q_norm.weight", "self_attn.q_norm.weight"),
          .init("attn_k_norm.weight", "self_attn.k_norm.weight"),
        ],
        lacks: [.otherHeadSize, .tiedHead, .attentionBias, .otherScaling])
    ])
}
