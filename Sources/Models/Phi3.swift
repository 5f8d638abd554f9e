import Files

/// Phi-3 and Phi-4-mini (Abdin et al. 2024, arXiv:2404.14219): Llama with queries, keys and values, and gate and up, in one
/// matrix each, a part of each head rotated, and wavelengths with factors of their own in long texts.
enum Phi3 {
  struct Configuration: Equatable, Sendable, SizedConfiguration {
    var sizes = DecoderSizes(positions: 4096, normEpsilon: 1e-5)
    var rotaryShare = 1.0

    static let ropeKinds: [RopeScaling.Kind] = [.longrope]
    static let usualOriginalPositions: Int? = 4096
    static let writesFactorsAlone = true
    static let ropeKeys: (theta: String, share: String?) = ("rope_theta", "partial_rotary_factor")

    static let usualPaddingToken: Int? = 32000

    static let keys: [ConfigurationKey<Self>] =
      sizeKeys() + rotaryKeys() + [
        epsilonKey(), dropout("resid_pdrop"), dropout("embd_pdrop"),
        .read { configuration, section in
          configuration.sizes.slidingWindow = section.optional(
            "sliding_window", .integer(), "How many keys a token sees; default: all")
          let hasWindow = configuration.sizes.slidingWindow != nil
          configuration.sizes.slidingLayers = hasWindow ? Array(repeating: true, count: configuration.sizes.layers) : []
        },
        .written("sliding_window") { $0.sizes.slidingWindow.map { JSONValue($0) } ?? .null },
      ] + weightKeys() + paddingKeys

    private static func dropout(_ name: String) -> ConfigurationKey<Self> {
      .fixed(name, 0.0, accepting: [0], inTrainingOnly: true, because: "there is no dropout")
    }

    func check(_ section: inout SettingsSection) {
      checkHeads(section, dividesWidth: true)
      let size = sizes.hiddenSize / max(1, sizes.heads)
      section.accept("head_dim", only: [JSONValue(size)], because: "it is hidden_size / num_attention_heads")
      for key in ["attention_bias", "lm_head_bias", "mlp_bias"] {
        section.accept(key, only: [false], because: "the model has no biases")
      }
      section.accept("full_attn_mod", only: [1], because: "all layers attend alike")
      section.accept("interpolate_factor", only: [1], because: "positions are not interpolated")
      section.ignore(["use_flash_attn"])
    }

    var huggingFaceModel: (type: String, className: String) { ("phi3", "Phi3ForCausalLM") }

    var plan: DecoderPlan {
      var plan = sizedPlan
      plan.names.queriesKeysValues = ["qkv_proj"]
      plan.names.inner = ["gate_up_proj"]
      return plan
    }
  }
}

extension Phi3.Configuration {
  static let architecture = Architecture(
    name: "phi3", modelTypes: ["phi3"], configuration: Self.self, huggingFace: .llama,
    gguf: [
      GGUFNaming(
        "phi3", keys: GGUFNaming.llamaKeys,
        derived: [.usualHeadSize, .usualValueSize, .rotaryShare("partial_rotary_factor"), .windowOrZero]
          + GGUFNaming.Derived.longRope, tensors: GGUFNaming.llamaTensors(),
        blockTensors: [
          ("attn_norm", "input_layernorm"), ("attn_qkv", "self_attn.qkv_proj"), ("attn_output", "self_attn.o_proj"),
          ("ffn_norm", "post_attention_layernorm"), ("ffn_up", "mlp.gate_up_proj"), ("ffn_down", "mlp.down_proj"),
        ].map { .init("\($0).weight", "\($1).weight") }, lacks: [.cuttingWindow], storesLongRopeFactors: true)
    ])
}
