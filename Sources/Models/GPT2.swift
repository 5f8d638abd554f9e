import Autograd

/// The GPT-2 family (Radford et al. 2019): LayerNorm, learned positions, tanh-GELU, biases everywhere.
public struct GPT2: LanguageModel {
  /// The shape of a model.
  public struct Configuration: Equatable, Sendable {
    public var vocabularySize: Int
    public var width: Int
    public var innerWidth: Int
    public var layers: Int
    public var heads: Int
    public var maximumPositions: Int
    public var layerNormEpsilon: Double
    public var tiesEmbeddings: Bool
    public var initializerRange: Double

    /// A shape, with the values that most models of the family have.
    public init(
      vocabularySize: Int, width: Int, innerWidth: Int, layers: Int, heads: Int, maximumPositions: Int,
      layerNormEpsilon: Double = 1e-5, tiesEmbeddings: Bool = true, initializerRange: Double = 0.02
    ) {
      self.vocabularySize = vocabularySize
      self.width = width
      self.innerWidth = innerWidth
      self.layers = layers
      self.heads = heads
      self.maximumPositions = maximumPositions
      self.layerNormEpsilon = layerNormEpsilon
      self.tiesEmbeddings = tiesEmbeddings
      self.initializerRange = initializerRange
    }

    /// What the projections into the residual stream are scaled by.
    var residualScale: Float { 1 / Float(2 * layers).squareRoot() }
  }

  let transformer: Trunk
  let lmHead: Linear?
  let configuration: Configuration

  /// A model with GPT-2's initialisation: N(0, 0.02), the projections into the residual stream divided by sqrt(2 layers).
  /// Without a seed the matrices are undefined, to be read from a file.
  public init(_ configuration: Configuration, seed: UInt64?) {
    var initializer = Initializer(seed: seed, deviation: Float(configuration.initializerRange))
    self.configuration = configuration
    transformer = Trunk(configuration, &initializer)
    lmHead =
      configuration.tiesEmbeddings
      ? nil : Linear(configuration.width, configuration.vocabularySize, initializer: &initializer)
  }

  public var vocabularySize: Int { configuration.vocabularySize }
  public var maximumPositions: Int { configuration.maximumPositions }
  public var head: Parameter { lmHead?.weight ?? transformer.wte.weight }
  public var cacheShape: (layers: Int, width: Int) { (configuration.layers, configuration.width) }
  public var attentionWidth: Int { configuration.width }
  public var multipliedWeights: Int {
    let c = configuration
    return c.layers * (4 * c.width * c.width + 2 * c.width * c.innerWidth) + head.shape.count
  }

  public func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor {
    let positions = attention.positions(count: tokens.count)
    let embeddings = attention.adding(noise, to: transformer.wte(tokens, shape: shape))
    var stream = ResidualStream(embeddings, branch: transformer.wpe(positions, shape: shape))
      .passed(through: transformer.h, recompute: recompute) { block, layer, stream in
        block(stream, attention: attention, layer: layer)
      }
    return transformer.lnF(&stream)
  }

  struct Trunk: Module {
    let wte: Embedding
    let wpe: Embedding
    let h: [Block]
    let lnF: LayerNorm

    init(_ c: Configuration, _ initializer: inout Initializer) {
      wte = Embedding(c.vocabularySize, c.width, initializer: &initializer)
      wpe = Embedding(c.maximumPositions, c.width, initializer: &initializer)
      h = (0..<c.layers).map { _ in Block(c, &initializer) }
      lnF = LayerNorm(c.width, epsilon: Float(c.layerNormEpsilon), initializer: initializer)
    }
  }

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
      cProj(attention.attend(cAttn(x), heads: heads, keyHeads: heads, layer: layer, rotary: nil))
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
