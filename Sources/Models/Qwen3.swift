import Files

/// Qwen3 (Yang et al. 2025, arXiv:2505.09388): Llama with norms of each head's queries and keys, and heads whose width is
/// not that of the model divided by their number.
enum Qwen3 {
  struct Configuration: Equatable, Sendable, SizedConfiguration {
    var sizes = DecoderSizes(positions: 32768, normEpsilon: 1e-6)
    /// Whether the projections of attention have biases.
    var hasAttentionBias = false

    static let keys: [ConfigurationKey<Self>] =
      sizeKeys(keyHeads: 32) + [headSizeKey(usual: 128)] + rotaryKeys() + [
        epsilonKey(),
        .optional("attention_bias", \.hasAttentionBias, .boolean, "Biases of the projections of attention"),
        .read { $0.readSwitchedWindow(from: &$1, usualWindow: 4096, usualStart: 28) },
      ] + switchedWindowKeys + weightKeys() + paddingKeys

    func check(_ section: inout SettingsSection) { checkHeads(section, dividesWidth: false) }

    var huggingFaceModel: (type: String, className: String) { ("qwen3", "Qwen3ForCausalLM") }

    var plan: DecoderPlan {
      var plan = sizedPlan
      plan.headNorm = .perHead
      plan.biases = BiasPlan(queriesKeysValues: hasAttentionBias, attentionOutput: hasAttentionBias)
      return plan
    }
  }
}

extension Qwen3.Configuration {
  static let architecture = Architecture(
    name: "qwen3", modelTypes: ["qwen3"], configuration: Self.self, huggingFace: .llama,
    gguf: [
      GGUFNaming(
        "qwen3", keys: GGUFNaming.llamaKeys,
        derived: [.headSize, .valueSize, .rotaryWidth] + GGUFNaming.Derived.scaling,
        tensors: GGUFNaming.llamaTensors(),
        blockTensors: GGUFNaming.llamaBlockTensors() + [
          .init("attn_q_norm.weight", "self_attn.q_norm.weight"),
          .init("attn_k_norm.weight", "self_attn.k_norm.weight"),
        ],
        lacks: [.slidingLayers, .attentionBias, .otherScaling])
    ])
}
