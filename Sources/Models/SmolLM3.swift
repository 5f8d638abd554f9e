import Files

/// SmolLM3 (Bakouch et al. 2025): Llama in which every fourth layer does not rotate queries and keys (Yang et al. 2025,
/// arXiv:2501.18795).
enum SmolLM3 {
  struct Configuration: Equatable, Sendable, SizedConfiguration {
    var sizes: DecoderSizes = {
      var sizes = DecoderSizes(positions: 32768, normEpsilon: 1e-6, tiesEmbeddings: true)
      sizes.ropeTheta = 2_000_000
      return sizes
    }()
    var hasAttentionBias = false
    var hasInnerBias = false
    /// Whether each layer rotates.
    var rotatingLayers: [Bool] = []

    static let usualPaddingToken: Int? = 128_004

    static let keys: [ConfigurationKey<Self>] =
      sizeKeys(keyHeads: 4) + [headSizeKey(usual: nil)] + rotaryKeys() + [
        epsilonKey(),
        .optional("attention_bias", \.hasAttentionBias, .boolean, "Biases of the projections of attention"),
        .optional("mlp_bias", \.hasInnerBias, .boolean, "Biases of the feed-forward layer"),
        .read { $0.readLayers(from: &$1) },
        .written("no_rope_layers") { $0.rotatingFlags },
        .written("use_sliding_window") { JSONValue(!$0.sizes.slidingLayers.isEmpty) },
        .written("sliding_window") { $0.writtenWindow },
        layerTypesKey,
      ] + weightKeys() + paddingKeys

    private var rotatingFlags: JSONValue { JSONValue(rotatingLayers.map { JSONValue($0 ? 1 : 0) }) }

    private var writtenWindow: JSONValue? {
      sizes.slidingLayers.isEmpty ? .null : sizes.slidingWindow.map { JSONValue($0) }
    }

    /// Which layers rotate, and which have a window: by default those that do not rotate.
    private mutating func readLayers(from section: inout SettingsSection) {
      let interval = section.value(
        "no_rope_layer_interval", .integer(), default: 4, "Every such layer does not rotate queries and keys")
      let layers = sizes.layers
      let given = section.optional(
        "no_rope_layers", .list(of: .integer(from: 0, to: 1)), "1 for a layer that rotates, 0 for one that does not")
      section.rule(
        "no_rope_layers", "num_hidden_layers", holds: given.map { $0.count == layers } ?? true,
        "no_rope_layers has \(given?.count ?? 0) elements, num_hidden_layers is \(layers)")
      rotatingLayers = given.map { $0.map { $0 == 1 } } ?? (1...max(1, layers)).map { !$0.isMultiple(of: interval) }
      let isOn = section.value("use_sliding_window", .boolean, default: false, "Whether layers have a sliding window")
      let window = section.optional("sliding_window", .integer(), "How many keys a token sees in a layer with a window")
      sizes.slidingWindow = isOn ? window : nil
      let rotating = rotatingLayers
      readLayerTypes(from: &section) { isOn && window != nil && $0 < rotating.count && !rotating[$0] }
    }

    func check(_ section: inout SettingsSection) {
      checkHeads(section, dividesWidth: false)
      section.ignore(["pretraining_tp", "max_window_layers"])
    }

    var huggingFaceModel: (type: String, className: String) { ("smollm3", "SmolLM3ForCausalLM") }

    var plan: DecoderPlan {
      var plan = sizedPlan
      plan.biases = BiasPlan(
        queriesKeysValues: hasAttentionBias, attentionOutput: hasAttentionBias, feedForward: hasInnerBias)
      let (sizes, rotating) = (sizes, rotatingLayers)
      plan.layer = { layer in
        LayerPlan(rotary: layer >= rotating.count || rotating[layer] ? 0 : nil, window: sizes.window(layer))
      }
      return plan
    }
  }
}

extension SmolLM3.Configuration {
  static let architecture = Architecture(
    name: "smollm3", modelTypes: ["smollm3"], configuration: Self.self, huggingFace: .llama,
    gguf: [
      GGUFNaming(
        "smollm3", keys: GGUFNaming.llamaKeys,
        derived: [.headSize, .valueSize, .rotaryWidth] + GGUFNaming.Derived.scaling,
        tensors: GGUFNaming.llamaTensors(), blockTensors: GGUFNaming.llamaBlockTensors(rotaryPairs: true),
        lacks: [.slidingLayers, .attentionBias, .innerBias, .otherRotation, .otherScaling])
    ])
}
