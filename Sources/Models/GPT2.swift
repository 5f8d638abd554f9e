import Autograd

/// The GPT-2 family (Radford et al. 2019): LayerNorm, learned positions, tanh-GELU, biases everywhere.
public struct GPT2: LanguageModel {
  /// The shape of a model. A new one has the defaults of a config.json; sizes without a default are 0 and must be set.
  public struct Configuration: Equatable, Sendable {
    /// V, the number of tokens.
    public var vocabularySize = 0
    /// C, the width of the model.
    public var width = 0
    /// F, the width inside the feed-forward layer.
    public var innerWidth = 0
    /// The number of blocks.
    public var layers = 0
    /// H, the number of heads.
    public var heads = 0
    /// The longest sequence the model takes.
    public var maximumPositions = 1024
    /// Added to the variance of a norm.
    public var layerNormEpsilon = 1e-5
    /// Whether the head is the embedding.
    public var tiesEmbeddings = true
    /// The standard deviation of the first weights.
    public var initializerRange = 0.02

    /// The defaults.
    public init() {}

    /// The scale of the first weights of the projections into the residual stream, so that its variance does not grow with depth.
    var residualScale: Float { 1 / Float(2 * layers).squareRoot() }
  }

  let transformer: GPT2Backbone
  let lmHead: Linear

  /// A model with GPT-2's initialisation: N(0, 0.02), the projections into the residual stream divided by sqrt(2 layers).
  /// Without a seed the matrices are undefined, to be read from a file.
  public init(_ configuration: Configuration, seed: UInt64?) {
    var initializer = Initializer(seed: seed, deviation: Float(configuration.initializerRange))
    transformer = GPT2Backbone(configuration, &initializer)
    lmHead =
      configuration.tiesEmbeddings
      ? Linear(sharing: transformer.wte.weight)
      : Linear(configuration.width, configuration.vocabularySize, initializer: &initializer)
  }

  public var backbone: any Backbone { transformer }
  public var head: Head { Head(lmHead) }

  struct Block: Module {
    let ln1: LayerNorm
    let attn: Attention
    let ln2: LayerNorm
    let mlp: FeedForward

    init(_ c: Configuration, _ initializer: inout Initializer) {
      ln1 = LayerNorm(c.width, epsilon: Float(c.layerNormEpsilon), initializer: initializer)
      attn = Attention(c, &initializer)
      ln2 = LayerNorm(c.width, epsilon: Float(c.layerNormEpsilon), initializer: initializer)
      mlp = FeedForward(c, &initializer)
    }

    func callAsFunction(_ input: ResidualStream, attention: AttentionMode, layer: Int) -> ResidualStream {
      var stream = input
      stream.branch = attn(ln1(&stream), attention: attention, layer: layer)
      stream.branch = mlp(ln2(&stream))
      return stream
    }
  }

  struct Attention: Module {
    let cAttn: Linear
    let cProj: Linear
    let heads: Int

    init(_ c: Configuration, _ initializer: inout Initializer) {
      cAttn = Linear(c.width, 3 * c.width, bias: true, layout: .inputsByOutputs, initializer: &initializer)
      cProj = Linear(
        c.width, c.width, bias: true, layout: .inputsByOutputs, scale: c.residualScale, initializer: &initializer)
      heads = c.heads
    }

    func callAsFunction(_ x: Tensor, attention: AttentionMode, layer: Int) -> Tensor {
      cProj(
        attention.attend(
          cAttn(x), heads: heads, keyHeads: heads, layer: layer, rotary: nil, precision: cAttn.weight.precision))
    }
  }

  struct FeedForward: Module {
    let cFc: Linear
    let cProj: Linear

    init(_ c: Configuration, _ initializer: inout Initializer) {
      cFc = Linear(c.width, c.innerWidth, bias: true, layout: .inputsByOutputs, initializer: &initializer)
      cProj = Linear(
        c.innerWidth, c.width, bias: true, layout: .inputsByOutputs, scale: c.residualScale, initializer: &initializer)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { cProj(gelu(cFc(x))) }
  }
}

/// GPT-2 without its head.
struct GPT2Backbone: Backbone {
  let wte: Embedding
  let wpe: Embedding
  let h: [GPT2.Block]
  let lnF: LayerNorm
  let configuration: GPT2.Configuration

  init(_ c: GPT2.Configuration, _ initializer: inout Initializer) {
    configuration = c
    wte = Embedding(c.vocabularySize, c.width, initializer: &initializer)
    wpe = Embedding(c.maximumPositions, c.width, initializer: &initializer)
    h = (0..<c.layers).map { _ in GPT2.Block(c, &initializer) }
    lnF = LayerNorm(c.width, epsilon: Float(c.layerNormEpsilon), initializer: initializer)
  }

  var vocabularySize: Int { configuration.vocabularySize }
  var maximumPositions: Int { configuration.maximumPositions }
  var cacheShape: (layers: Int, width: Int) { (configuration.layers, configuration.width) }
  var dimensions: ModelDimensions { configuration.dimensions }

  func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor {
    let positions = attention.positions(count: tokens.count)
    let embeddings = attention.adding(noise, to: wte(tokens, shape: shape))
    var stream = ResidualStream(embeddings, branch: wpe(positions, shape: shape))
      .passed(through: h, recompute: recompute) { block, layer, stream in
        block(stream, attention: attention, layer: layer)
      }
    return lnF(&stream)
  }
}
