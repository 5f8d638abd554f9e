import Files

/// What a decoder is made of. The architectures of this family differ in nothing else: each fills in one value of this type,
/// and `Decoder` is the model.
struct DecoderPlan: Sendable {
  /// V, the number of tokens.
  var vocabularySize: Int
  /// C, the width of the model.
  var width: Int
  /// F, the width inside the feed-forward layer.
  var innerWidth: Int
  /// The number of blocks.
  var layers: Int
  /// H and G, the numbers of query heads and of key and value heads.
  var heads, keyHeads: Int
  /// D, the width of a head, which may have nothing to do with C / H.
  var headSize: Int
  /// The longest sequence the model takes.
  var maximumPositions: Int

  /// Whether the head is the embedding.
  var tiesEmbeddings: Bool
  /// The standard deviation of the first weights.
  var initializerRange: Double

  var norm: NormPlan
  /// The norms of queries and keys.
  var headNorm = HeadNormPlan.none
  /// The tables of rotary angles; a layer says which is its own.
  var rotary: [RotaryPlan] = []
  /// How the layer of this number attends.
  var layer: @Sendable (Int) -> LayerPlan = { _ in LayerPlan() }
  /// What scores are multiplied by; nil for 1 / sqrt(D).
  var attentionScale: Double?
  var activation = Activation.swiGLU
  var biases = BiasPlan()
  /// The token whose embedding learns nothing from texts that have it.
  var paddingToken: Int?
  var names = DecoderNames()

  /// What embeddings are multiplied by.
  var embeddingScale = EmbeddingScale.none
  /// What the output of attention and of the feed-forward layer is multiplied by before it is added to the residual stream.
  var residualScale = 1.0
  /// What logits are divided by.
  var logitsDivisor = 1.0
  /// Whether attention and the feed-forward layer read the same residual stream and are added to it together (Wang and
  /// Komatsuzaki 2021).
  var isParallel = false
  /// Whether the rows of the projection of queries, keys and values are [q | k | v] of each head in turn, as in GPT-NeoX.
  var interleavesHeads = false
}

/// The norms of a block and the last one.
struct NormPlan: Sendable {
  enum Kind: Sendable {
    /// Root mean square normalisation with a weight w.
    case rms
    /// The same with 1 + w.
    case offsetRMS
    /// Layer normalisation with a weight and a bias.
    case layer
  }

  var kind = Kind.rms
  var epsilon: Double
  /// The names of the norms before attention and the feed-forward layer, and of those of their outputs; nil for one that is
  /// not there.
  var beforeAttention: String? = "input_layernorm"
  var afterAttention: String?
  var beforeFeedForward: String? = "post_attention_layernorm"
  var afterFeedForward: String?

  /// How many norms a block has.
  var count: Int { [beforeAttention, afterAttention, beforeFeedForward, afterFeedForward].count { $0 != nil } }
  /// How many vectors a norm has.
  var vectors: Int { kind == .layer ? 2 : 1 }
}

/// Which norm queries and keys have before they are rotated.
enum HeadNormPlan: Sendable {
  case none
  /// Each head by itself, with one weight for all heads.
  case perHead
  /// All heads together.
  case wholeWidth
}

/// How a layer attends.
struct LayerPlan: Sendable {
  /// The table that its queries and keys are rotated by; nil for a layer without positions.
  var rotary: Int? = 0
  /// How many keys a token sees at most, itself and those before it; nil for all.
  var window: Int?
}

/// The function between the two products of the feed-forward layer.
enum Activation: Sendable {
  /// silu(gate) up.
  case swiGLU
  /// gelu(gate) up, GELU in its tanh form.
  case geGLU
  /// GELU, exact or in its tanh form.
  case gelu, tanhGELU

  var isGated: Bool { self == .swiGLU || self == .geGLU }
}

/// Which projections have biases.
struct BiasPlan: Sendable {
  var queriesKeysValues = false
  var attentionOutput = false
  var feedForward = false
}

/// What embeddings are multiplied by, and where: noise on the embeddings comes after the embedding layer.
enum EmbeddingScale: Sendable {
  case none
  /// Inside the embedding layer.
  case inside(Double)
  /// After it.
  case outside(Double)
}

/// What Hugging Face's checkpoints call the parts of the model. A projection of several names is several matrices there and
/// one stacked parameter here.
struct DecoderNames: Sendable {
  var model = "model"
  var embedding = "embed_tokens"
  var layers = "layers"
  var norm = "norm"
  var head = "lm_head"
  var attention = "self_attn"
  var queriesKeysValues = ["q_proj", "k_proj", "v_proj"]
  var attentionOutput = "o_proj"
  var feedForward = "mlp"
  var inner = ["gate_proj", "up_proj"]
  var outer = "down_proj"
}

extension DecoderPlan {
  /// H D and G D, the widths of all queries and of all keys of a position.
  var queryWidth: Int { heads * headSize }
  var keyWidth: Int { keyHeads * headSize }

  /// The number of parameters, or nil when it overflows.
  var parameterCount: Int? {
    let (attention, inner) = (biases.queriesKeysValues ? layers : 0, activation.isGated ? 2 : 1)
    let headNorms: [[Int]] =
      switch headNorm {
      case .none: []
      case .perHead: [[layers, 2, headSize]]
      case .wholeWidth: [[layers, heads, headSize], [layers, keyHeads, headSize]]
      }
    let matrices: [[Int]] = [
      [tiesEmbeddings ? 1 : 2, vocabularySize, width], [layers, 2, width, heads, headSize],
      [layers, 2, width, keyHeads, headSize], [layers, inner + 1, width, innerWidth],
    ]
    let norms: [[Int]] = [[norm.vectors, width], [layers, norm.count, norm.vectors, width]]
    let feedForward = biases.feedForward ? layers : 0
    let vectors: [[Int]] = [
      [attention, heads, headSize], [attention, 2, keyHeads, headSize], [biases.attentionOutput ? layers : 0, width],
      [feedForward, inner, innerWidth], [feedForward, width],
    ]
    return sumOfProducts(matrices + norms + headNorms + vectors)
  }

  /// The sizes that the model's cost follows from.
  var dimensions: ModelDimensions {
    let (c, inner, count) = (Double(width), Double(innerWidth), Double(layers))
    let (queries, keys) = (Double(heads) * Double(headSize), Double(keyHeads) * Double(headSize))
    let (statistics, gates) = (Double(norm.vectors), activation.isGated ? 2.0 : 1.0)
    let after = [norm.afterAttention, norm.afterFeedForward].count { $0 != nil }
    let packed = queries + 2 * keys
    let headNorms = headNorm == .none ? 0 : packed + (headNorm == .perHead ? Double(heads + keyHeads) : 2)
    return ModelDimensions(
      vocabulary: Double(vocabularySize), width: c, layers: count, attentionWidth: queries, innerWidth: inner,
      parameters: parameterCount.map(Double.init) ?? .infinity,
      multipliedWeights: count * (2 * c * (queries + keys) + (gates + 1) * c * inner),
      // The stream before both branches and the statistics of each norm; queries, keys and values, what attention makes of them
      // and its normalizers; the layer before the activation. What the norms and the activation give out is recomputed, but for
      // the norms of queries and keys. A norm after a branch keeps the branch.
      blockActivations: 2 * (c + statistics) + Double(after) * (c + statistics) + packed + headNorms + queries
        + Double(heads) + gates * inner,
      tables: rotary.reduce(0) { $0 + Double(maximumPositions) * Double($1.width) },
      windows: windows)
  }

  /// How many layers have each window that is shorter than the longest sequence.
  private var windows: [Int: Int] {
    var counts: [Int: Int] = [:]
    for number in 0..<layers {
      if let window = layer(number).window, window < maximumPositions { counts[window, default: 0] += 1 }
    }
    return counts
  }
}
