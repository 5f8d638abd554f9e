import Files

/// What the configurations of the younger architectures have in common.
struct DecoderSizes: Equatable, Sendable {
  /// V, the number of tokens.
  var vocabularySize = 0
  /// C, the width of the model, and F, that inside the feed-forward layer.
  var hiddenSize = 0, intermediateSize = 0
  /// The number of blocks.
  var layers = 0
  /// H and G, the numbers of query heads and of key and value heads.
  var heads = 0, keyValueHeads = 0
  /// D where it is not C / H.
  var headDimension: Int?
  /// The longest sequence the model takes.
  var maximumPositions: Int
  /// The base of the rotary wavelengths, and how they are scaled.
  var ropeTheta = 10000.0
  var ropeScaling: RopeScaling?
  /// Added to the mean square, or the variance, of a norm.
  var normEpsilon: Double
  /// Whether the head is the embedding.
  var tiesEmbeddings: Bool
  /// The token whose embedding learns nothing from texts that have it.
  var paddingToken: Int?
  /// The standard deviation of the first weights.
  var initializerRange = 0.02
  /// How many keys a token sees in the layers that are sliding; none where the list is empty.
  var slidingWindow: Int?
  var slidingLayers: [Bool] = []

  /// The defaults of a configuration class of transformers; sizes without one are 0 and must be set.
  init(positions: Int, normEpsilon: Double, tiesEmbeddings: Bool = false) {
    (maximumPositions, self.normEpsilon, self.tiesEmbeddings) = (positions, normEpsilon, tiesEmbeddings)
  }

  /// D, the width of a head.
  var headSize: Int { headDimension ?? hiddenSize / max(1, heads) }

  /// The window of a layer.
  func window(_ layer: Int) -> Int? {
    slidingLayers.indices.contains(layer) && slidingLayers[layer] ? slidingWindow : nil
  }
}

/// A configuration that is made of those sizes and a few keys of its own.
protocol SizedConfiguration: RotaryConfiguration, PaddedConfiguration {
  var sizes: DecoderSizes { get set }
}

extension SizedConfiguration {
  package var vocabularySize: Int {
    get { sizes.vocabularySize }
    set { sizes.vocabularySize = newValue }
  }
  package var tiesEmbeddings: Bool {
    get { sizes.tiesEmbeddings }
    set { sizes.tiesEmbeddings = newValue }
  }
  package var maximumPositions: Int {
    get { sizes.maximumPositions }
    set { sizes.maximumPositions = newValue }
  }
  var paddingToken: Int? {
    get { sizes.paddingToken }
    set { sizes.paddingToken = newValue }
  }
  var ropeTheta: Double {
    get { sizes.ropeTheta }
    set { sizes.ropeTheta = newValue }
  }
  var ropeScaling: RopeScaling? {
    get { sizes.ropeScaling }
    set { sizes.ropeScaling = newValue }
  }
  var headSize: Int { sizes.headSize }

  /// A plan with these sizes and windows, and nothing else that is unusual.
  var sizedPlan: DecoderPlan {
    let sizes = sizes
    var plan = DecoderPlan(
      vocabularySize: sizes.vocabularySize, width: sizes.hiddenSize, innerWidth: sizes.intermediateSize,
      layers: sizes.layers, heads: sizes.heads, keyHeads: sizes.keyValueHeads, headSize: sizes.headSize,
      maximumPositions: sizes.maximumPositions, tiesEmbeddings: sizes.tiesEmbeddings,
      initializerRange: sizes.initializerRange, norm: NormPlan(epsilon: sizes.normEpsilon), rotary: [rotaryPlan],
      layer: { LayerPlan(window: sizes.window($0)) })
    plan.paddingToken = sizes.paddingToken
    return plan
  }

  /// The keys of the sizes. Where a file leaves `num_key_value_heads` out, transformers takes `keyHeads`, or all heads.
  static func sizeKeys(keyHeads: Int? = nil) -> [ConfigurationKey<Self>] {
    [
      .required("hidden_size", \.sizes.hiddenSize, .integer(), "Width of the model"),
      .required("intermediate_size", \.sizes.intermediateSize, .integer(), "Width inside the feed-forward layer"),
      .required("num_hidden_layers", \.sizes.layers, .integer(to: 100_000), "Number of blocks"),
      .required("num_attention_heads", \.sizes.heads, .integer(), "Number of query heads"),
      .derived(
        "num_key_value_heads", \.sizes.keyValueHeads, .integer(),
        "Number of key and value heads; default: num_attention_heads"
      ) { configuration, section in
        let isLeftOut = section.text("model_type") != nil && !section.isNull("num_key_value_heads")
        return isLeftOut ? keyHeads ?? configuration.sizes.heads : configuration.sizes.heads
      },
    ]
  }

  /// `head_dim`, which transformers takes for `usual` where a file leaves it out; nil for `hidden_size / num_attention_heads`.
  static func headSizeKey(usual: Int?) -> ConfigurationKey<Self> {
    .derived(
      "head_dim", \.headDimension, .integer(), "Size of a head; default: hidden_size / num_attention_heads"
    ) { configuration, section in
      let quotient = configuration.sizes.hiddenSize / max(1, configuration.sizes.heads)
      return section.text("model_type") == nil || section.isNull("head_dim") ? quotient : usual ?? quotient
    }
  }

  private var headDimension: Int {
    get { sizes.headSize }
    set { sizes.headDimension = newValue }
  }

  /// The keys about weights, with those that architectures of this family fix.
  static func weightKeys(activation: String = "hidden_act", _ names: [JSONValue] = ["silu", "swish"])
    -> [ConfigurationKey<Self>]
  {
    [
      .optional("tie_word_embeddings", \.sizes.tiesEmbeddings, .boolean, "Whether the head is the embedding"),
      .fixed(activation, names[0], accepting: names, because: "the activation is \(names[0].string ?? "")"),
      .fixed("attention_dropout", 0.0, accepting: [0], inTrainingOnly: true, because: "there is no dropout"),
      .optional(
        "initializer_range", \.sizes.initializerRange, .number(above: 0), "Standard deviation of the first weights"),
      .written("torch_dtype") { _ in "float32" },
    ]
  }

  static func epsilonKey(_ name: String = "rms_norm_eps") -> ConfigurationKey<Self> {
    .optional(name, \.sizes.normEpsilon, .number(above: 0), "Added to the mean square of a norm")
  }

  /// The conditions on heads.
  func checkHeads(_ section: SettingsSection, dividesWidth: Bool) {
    let sizes = sizes
    if dividesWidth {
      section.rule(
        "num_attention_heads", "hidden_size", holds: sizes.hiddenSize.isMultiple(of: sizes.heads),
        "num_attention_heads (\(sizes.heads)) must divide hidden_size (\(sizes.hiddenSize))")
    }
    let isDefault = !section.has("num_key_value_heads") && sizes.keyValueHeads != sizes.heads
    section.rule(
      "num_key_value_heads", "num_attention_heads", holds: sizes.heads.isMultiple(of: sizes.keyValueHeads),
      "num_key_value_heads (\(sizes.keyValueHeads)\(isDefault ? ", the default" : "")) must divide "
        + "num_attention_heads (\(sizes.heads))")
    checkRotation(section)
  }
}

// MARK: - Windows

extension SizedConfiguration {
  /// Reads `layer_types`, or takes what `usual` says of each layer.
  mutating func readLayerTypes(from section: inout SettingsSection, usual: (Int) -> Bool) {
    let kinds = ["full_attention", "sliding_attention"]
    let given = section.optional(
      "layer_types", .list(of: .word(kinds)), "Whether each block attends to all keys or to a sliding window of them")
    let layers = sizes.layers
    section.rule(
      "layer_types", "num_hidden_layers", holds: given.map { $0.count == layers } ?? true,
      "layer_types has \(given?.count ?? 0) elements, num_hidden_layers is \(layers)")
    let sliding = given.map { $0.map { $0 == kinds[1] } } ?? (0..<layers).map(usual)
    sizes.slidingLayers = sliding.contains(true) ? sliding : []
    let window = sizes.slidingWindow
    section.rule(
      "layer_types", "sliding_window", holds: window != nil || !sliding.contains(true),
      "layer_types has sliding_attention, and there is no sliding_window")
  }

  /// The switch, the window and the first sliding layer of the Qwens.
  mutating func readSwitchedWindow(from section: inout SettingsSection, usualWindow: Int?, usualStart: Int) {
    let isOn = section.value("use_sliding_window", .boolean, default: false, "Whether blocks have a sliding window")
    let window = section.optional("sliding_window", .integer(), "How many keys a token sees in a block with a window")
    let start = section.value(
      "max_window_layers", .integer(from: 0), default: usualStart, "The first block with a window")
    sizes.slidingWindow = isOn ? window ?? (section.isNull("sliding_window") ? nil : usualWindow) : nil
    let hasWindow = sizes.slidingWindow != nil
    readLayerTypes(from: &section) { hasWindow && $0 >= start }
  }

  /// What those keys are written as.
  static var switchedWindowKeys: [ConfigurationKey<Self>] {
    [
      .written("use_sliding_window") { JSONValue(!$0.sizes.slidingLayers.isEmpty) },
      .written("sliding_window") {
        $0.sizes.slidingLayers.isEmpty ? .null : $0.sizes.slidingWindow.map { JSONValue($0) }
      },
      .written("max_window_layers") { JSONValue($0.sizes.slidingLayers.firstIndex(of: true) ?? $0.sizes.layers) },
      layerTypesKey,
    ]
  }

  /// `layer_types`, for models with windows.
  static var layerTypesKey: ConfigurationKey<Self> {
    .written("layer_types") { configuration in
      let sliding = configuration.sizes.slidingLayers
      if sliding.isEmpty { return Optional.none }
      return JSONValue(sliding.map { $0 ? "sliding_attention" : "full_attention" })
    }
  }
}

// MARK: - Names in files

extension HuggingFaceNaming {
  /// Llama's, which most of its descendants have.
  static let llama = HuggingFaceNaming(
    prefix: "model.", ignoredSuffixes: [".rotary_emb.inv_freq"], embedding: "model.embed_tokens.weight")
}
