import Autograd
import Foundation

/// The Llama family (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU and grouped-query attention; with biases on
/// queries, keys and values it is Qwen2.
public struct Llama: LanguageModel {
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
    /// The standard deviation of the first weights.
    public var initializerRange = 0.02

    /// D, the width of a head.
    var headSize: Int { hiddenSize / heads }

    /// The defaults.
    public init() {}
  }

  let model: LlamaBackbone
  let lmHead: Linear?

  /// A model with GPT-2's initialisation: N(0, 0.02), the projections into the residual stream divided by sqrt(2 layers).
  /// Without a seed the matrices are undefined, to be read from a file.
  public init(_ configuration: Configuration, seed: UInt64?) {
    var initializer = Initializer(seed: seed, deviation: Float(configuration.initializerRange))
    model = LlamaBackbone(configuration, &initializer)
    lmHead =
      configuration.tiesEmbeddings
      ? nil : Linear(configuration.hiddenSize, configuration.vocabularySize, initializer: &initializer)
  }

  public var backbone: any Backbone { model }
  public var head: Parameter { lmHead?.weight ?? model.embedTokens.weight }

  struct Block: Module {
    let inputLayernorm: RMSNorm
    let selfAttn: Attention
    let postAttentionLayernorm: RMSNorm
    let mlp: FeedForward

    init(_ c: Configuration, _ initializer: inout Initializer) {
      inputLayernorm = RMSNorm(c.hiddenSize, epsilon: Float(c.rmsNormEpsilon), initializer: initializer)
      selfAttn = Attention(c, &initializer)
      postAttentionLayernorm = RMSNorm(c.hiddenSize, epsilon: Float(c.rmsNormEpsilon), initializer: initializer)
      mlp = FeedForward(c, &initializer)
    }

    func callAsFunction(
      _ input: ResidualStream, attention: AttentionMode, layer: Int, rotary: RotaryTable
    ) -> ResidualStream {
      var stream = input
      stream.branch = selfAttn(inputLayernorm(&stream), attention: attention, layer: layer, rotary: rotary)
      stream.branch = mlp(postAttentionLayernorm(&stream))
      return stream
    }
  }

  struct Attention: Module {
    let qkv: Linear
    let oProj: Linear
    let heads: Int
    let keyValueHeads: Int

    init(_ c: Configuration, _ initializer: inout Initializer) {
      heads = c.heads
      keyValueHeads = c.keyValueHeads
      let keys = c.keyValueHeads * c.headSize
      qkv = Linear(
        c.hiddenSize, c.hiddenSize + 2 * keys,
        sections: [.init("q_proj", rows: c.hiddenSize), .init("k_proj", rows: keys), .init("v_proj", rows: keys)],
        bias: c.hasQKVBias, initializer: &initializer)
      oProj = Linear(c.hiddenSize, c.hiddenSize, scale: c.residualScale, initializer: &initializer)
    }

    func callAsFunction(_ x: Tensor, attention: AttentionMode, layer: Int, rotary: RotaryTable) -> Tensor {
      oProj(attention.attend(qkv(x), heads: heads, keyHeads: keyValueHeads, layer: layer, rotary: rotary))
    }
  }

  struct FeedForward: Module {
    let gateUp: Linear
    let downProj: Linear

    init(_ c: Configuration, _ initializer: inout Initializer) {
      gateUp = Linear(
        c.hiddenSize, 2 * c.intermediateSize,
        sections: [.init("gate_proj", rows: c.intermediateSize), .init("up_proj", rows: c.intermediateSize)],
        initializer: &initializer)
      downProj = Linear(c.intermediateSize, c.hiddenSize, scale: c.residualScale, initializer: &initializer)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { downProj(swiGLU(gateUp(x))) }
  }
}

/// Llama without its head.
struct LlamaBackbone: Backbone {
  let embedTokens: Embedding
  let layers: [Llama.Block]
  let norm: RMSNorm
  let rotary: RotaryTable
  let configuration: Llama.Configuration

  init(_ c: Llama.Configuration, _ initializer: inout Initializer) {
    configuration = c
    embedTokens = Embedding(c.vocabularySize, c.hiddenSize, initializer: &initializer)
    layers = (0..<c.layers).map { _ in Llama.Block(c, &initializer) }
    norm = RMSNorm(c.hiddenSize, epsilon: Float(c.rmsNormEpsilon), initializer: initializer)
    rotary = RotaryTable(frequencies: c.rotaryFrequencies, positions: c.maximumPositions)
  }

  var vocabularySize: Int { configuration.vocabularySize }
  var maximumPositions: Int { configuration.maximumPositions }
  var cacheShape: (layers: Int, width: Int) {
    (configuration.layers, configuration.keyValueHeads * configuration.headSize)
  }
  var dimensions: ModelDimensions { configuration.dimensions }

  func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor {
    var stream = ResidualStream(attention.adding(noise, to: embedTokens(tokens, shape: shape)))
      .passed(through: layers, recompute: recompute) { [rotary] block, layer, stream in
        block(stream, attention: attention, layer: layer, rotary: rotary)
      }
    return norm(&stream)
  }
}

extension Llama.Configuration {
  /// The scale of the first weights of the projections into the residual stream, so that its variance does not grow with
  /// depth (Radford et al. 2019).
  var residualScale: Float { 1 / Float(2 * layers).squareRoot() }

  /// The angle by which a position rotates each pair of channels: theta^(-2 i / D), scaled.
  var rotaryFrequencies: [Double] {
    let frequencies = (0..<headSize / 2).map { pow(ropeTheta, -Double(2 * $0) / Double(headSize)) }
    return ropeScaling?.scaled(frequencies) ?? frequencies
  }
}
