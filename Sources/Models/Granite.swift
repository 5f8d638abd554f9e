import Files

/// Granite 3 (IBM 2024): Llama whose embeddings, branches, scores and logits have factors (Yang et al. 2022,
/// arXiv:2203.03466).
enum Granite {
  struct Configuration: Equatable, Sendable, SizedConfiguration {
    var sizes = DecoderSizes(positions: 2048, normEpsilon: 1e-6)
    var hasAttentionBias = false
    var hasInnerBias = false
    var embeddingMultiplier = 1.0, attentionMultiplier = 1.0, residualMultiplier = 1.0, logitsScaling = 1.0

    static let keys: [ConfigurationKey<Self>] =
      sizeKeys() + [headSizeKey(usual: nil)] + rotaryKeys() + [
        epsilonKey(),
        .optional("attention_bias", \.hasAttentionBias, .boolean, "Biases of the projections of attention"),
        .optional("mlp_bias", \.hasInnerBias, .boolean, "Biases of the feed-forward layer"),
        .optional(
          "embedding_multiplier", \.embeddingMultiplier, .number(above: 0), "What embeddings are multiplied by"),
        .optional("attention_multiplier", \.attentionMultiplier, .number(above: 0), "What scores are multiplied by"),
        .optional(
          "residual_multiplier", \.residualMultiplier, .number(above: 0),
          "What a branch is multiplied by before it is added"),
        .optional("logits_scaling", \.logitsScaling, .number(above: 0), "What logits are divided by"),
      ] + weightKeys() + paddingKeys

    func check(_ section: inout SettingsSection) {
      checkHeads(section, dividesWidth: false)
      section.ignore(["pretraining_tp"])
    }

    var huggingFaceModel: (type: String, className: String) { ("granite", "GraniteForCausalLM") }

    var plan: DecoderPlan {
      var plan = sizedPlan
      plan.biases = BiasPlan(
        queriesKeysValues: hasAttentionBias, attentionOutput: hasAttentionBias, feedForward: hasInnerBias)
      plan.embeddingScale = embeddingMultiplier == 1 ? .none : .outside(embeddingMultiplier)
      plan.attentionScale = attentionMultiplier
      plan.residualScale = residualMultiplier
      plan.logitsDivisor = logitsScaling
      return plan
    }
  }
}

extension Granite.Configuration {
  static let architecture = Architecture(
    name: "granite", modelTypes: ["granite"], configuration: Self.self, huggingFace: .llama,
    gguf: [
      GGUFNaming(
        "granite",
        keys: GGUFNaming.llamaKeys + [
          .float("attention.scale", "attention_multiplier"), .float("embedding_scale", "embedding_multiplier"),
          .float("residual_scale", "residual_multiplier"), .float("logit_scale", "logits_scaling"),
        ],
        derived: [.headSize, .valueSize, .rotaryWidth] + GGUFNaming.Derived.scaling, tensors: GGUFNaming.llamaTensors(),
        blockTensors: GGUFNaming.llamaBlockTensors(rotaryPairs: true, biases: true),
        lacks: [.otherHeadSize, .otherScalingThanLlama3],
        storesRopeFactors: true)
    ])
}
