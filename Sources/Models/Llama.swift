/// The Llama family (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU and grouped-query attention; with biases on
/// queries, keys and values it is Qwen2, with a sliding window Mistral.
public enum Llama {
  /// The shape of a model. A new one has the defaults of a config.json; sizes without a default are 0 and must be set.
  public struct Configuration: Equatable, Sendable {
    /// V, the number of tokens.
    public var vocabularySize = 0
    /// C, the width of the model.
    public var hiddenSize = 0
    /// F, the width inside the feed-forward layer.
    public var intermediateSize = 0
    /// The number of blocks.
    public var layers = 0
    /// H, the number of query heads.
    public var heads = 0
    /// G, the number of key and value heads, which must divide H.
    public var keyValueHeads = 0
    /// The longest sequence the model takes.
    public var maximumPositions = 2048
    /// The base of the rotary wavelengths.
    public var ropeTheta = 10000.0
    /// How the rotary wavelengths are scaled; nil if they are not.
    public var ropeScaling: RopeScaling?
    /// Added to the mean square of a norm.
    public var rmsNormEpsilon = 1e-6
    /// Whether the head is the embedding.
    public var tiesEmbeddings = false
    /// Whether queries, keys and values have biases, as in Qwen2.
    public var hasQKVBias = false
    /// Whether all four projections of attention have biases.
    public var hasAttentionBias = false
    /// Whether the feed-forward layer has biases.
    public var hasInnerBias = false
    /// D, the width of a head, where it is not C / H.
    public var headDimension: Int?
    /// How many keys a token sees; nil for all.
    public var slidingWindow: Int?
    /// The number of blocks before those with the window.
    public var layersBeforeWindow = 0
    /// The token whose embedding learns nothing from texts that have it; nil where all do.
    public var paddingToken: Int?
    /// The standard deviation of the first weights.
    public var initializerRange = 0.02

    /// D, the width of a head.
    var headSize: Int { headDimension ?? hiddenSize / max(1, heads) }

    /// The defaults.
    public init() {}
  }
}

extension Llama.Configuration: RotaryConfiguration, PaddedConfiguration {
  var plan: DecoderPlan {
    var plan = DecoderPlan(
      vocabularySize: vocabularySize, width: hiddenSize, innerWidth: intermediateSize, layers: layers, heads: heads,
      keyHeads: keyValueHeads, headSize: headSize, maximumPositions: maximumPositions, tiesEmbeddings: tiesEmbeddings,
      initializerRange: initializerRange, norm: NormPlan(epsilon: rmsNormEpsilon), rotary: [rotaryPlan])
    plan.biases = BiasPlan(
      queriesKeysValues: hasQKVBias || hasAttentionBias, attentionOutput: hasAttentionBias, feedForward: hasInnerBias)
    plan.paddingToken = paddingToken
    if let slidingWindow {
      let first = layersBeforeWindow
      plan.layer = { LayerPlan(window: $0 >= first ? slidingWindow : nil) }
    }
    return plan
  }
}
