import Autograd
import Foundation

/// The Llama family (Touvron et al. 2023): RMSNorm, rotary positions, SwiGLU and grouped-query attention; with biases on
/// queries, keys and values it is Qwen2.
public struct Llama: LanguageModel {
  /// The shape of a model.
  public struct Configuration: Equatable, Sendable {
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layers: Int
    public var heads: Int
    public var keyValueHeads: Int
    public var maximumPositions: Int
    public var ropeTheta: Double
    public var ropeScaling: RopeScaling?
    public var rmsNormEpsilon: Double
    public var tiesEmbeddings: Bool
    public var hasQKVBias: Bool
    public var initializerRange: Double

    var headSize: Int { hiddenSize / heads }

    /// A shape, with the values that most models of the family have.
    public init(
      vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int, keyValueHeads: Int,
      maximumPositions: Int, ropeTheta: Double = 10000, ropeScaling: RopeScaling? = nil, rmsNormEpsilon: Double = 1e-5,
      tiesEmbeddings: Bool = true, hasQKVBias: Bool = false, initializerRange: Double = 0.02
    ) {
      self.vocabularySize = vocabularySize
      self.hiddenSize = hiddenSize
      self.intermediateSize = intermediateSize
      self.layers = layers
      self.heads = heads
      self.keyValueHeads = keyValueHeads
      self.maximumPositions = maximumPositions
      self.ropeTheta = ropeTheta
      self.ropeScaling = ropeScaling
      self.rmsNormEpsilon = rmsNormEpsilon
      self.tiesEmbeddings = tiesEmbeddings
      self.hasQKVBias = hasQKVBias
      self.initializerRange = initializerRange
    }
  }

  /// Llama 3's stretching of the long wavelengths of the rotary embedding.
  public struct RopeScaling: Equatable, Sendable {
    public var factor: Double
    public var lowFrequencyFactor: Double
    public var highFrequencyFactor: Double
    public var originalPositions: Int

    /// Wavelengths above `originalPositions / lowFrequencyFactor` are stretched by `factor`, those below
    /// `originalPositions / highFrequencyFactor` not at all.
    public init(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int) {
      self.factor = factor
      self.lowFrequencyFactor = lowFrequencyFactor
      self.highFrequencyFactor = highFrequencyFactor
      self.originalPositions = originalPositions
    }
  }

  let model: Trunk
  let lmHead: Linear?
  let configuration: Configuration

  /// A model with GPT-2's initialisation: N(0, 0.02), the projections into the residual stream divided by sqrt(2 layers).
  /// Without a seed the matrices are undefined, to be read from a file.
  public init(_ configuration: Configuration, seed: UInt64?) {
    var initializer = Initializer(seed: seed, deviation: Float(configuration.initializerRange))
    self.configuration = configuration
    model = Trunk(configuration, &initializer)
    lmHead =
      configuration.tiesEmbeddings
      ? nil : Linear(configuration.hiddenSize, configuration.vocabularySize, initializer: &initializer)
  }

  public var vocabularySize: Int { configuration.vocabularySize }
  public var maximumPositions: Int { configuration.maximumPositions }
  public var head: Parameter { lmHead?.weight ?? model.embedTokens.weight }
  public var cacheShape: (layers: Int, width: Int) {
    (configuration.layers, configuration.keyValueHeads * configuration.headSize)
  }
  public var attentionWidth: Int { configuration.hiddenSize }
  public var multipliedWeights: Int {
    let c = configuration
    let block = 2 * c.hiddenSize * (c.hiddenSize + cacheShape.width) + 3 * c.hiddenSize * c.intermediateSize
    return c.layers * block + head.shape.count
  }

  public func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor {
    var stream = ResidualStream(attention.adding(noise, to: model.embedTokens(tokens, shape: shape)))
      .passed(through: model.layers, recompute: recompute) { [rotary = model.rotary] block, layer, stream in
        block(stream, attention: attention, layer: layer, rotary: rotary)
      }
    return model.norm(&stream)
  }

  struct Trunk: Module {
    let embedTokens: Embedding
    let layers: [Block]
    let norm: RMSNorm
    let rotary: RotaryTable

    init(_ c: Configuration, _ initializer: inout Initializer) {
      embedTokens = Embedding(c.vocabularySize, c.hiddenSize, initializer: &initializer)
      layers = (0..<c.layers).map { _ in Block(c, &initializer) }
      norm = RMSNorm(c.hiddenSize, epsilon: Float(c.rmsNormEpsilon), initializer: initializer)
      rotary = RotaryTable(frequencies: c.rotaryFrequencies, positions: c.maximumPositions)
    }
  }

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

extension Llama.Configuration {
  /// What the projections into the residual stream are scaled by, so that its variance does not grow with depth
  /// (Radford et al. 2019).
  var residualScale: Float { 1 / Float(2 * layers).squareRoot() }

  /// The angle a position turns each pair of channels by: theta^(-2 i / D), stretched as Llama 3 does
  /// (Hugging Face, `_compute_llama3_parameters`).
  var rotaryFrequencies: [Double] {
    let frequencies = (0..<headSize / 2).map { pow(ropeTheta, -Double(2 * $0) / Double(headSize)) }
    guard let scaling = ropeScaling else { return frequencies }
    let original = Double(scaling.originalPositions)
    return frequencies.map { frequency in
      let wavelength = 2 * Double.pi / frequency
      if wavelength < original / scaling.highFrequencyFactor { return frequency }
      if wavelength > original / scaling.lowFrequencyFactor { return frequency / scaling.factor }
      let range = scaling.highFrequencyFactor - scaling.lowFrequencyFactor
      let smooth = (original / wavelength - scaling.lowFrequencyFactor) / range
      return (1 - smooth) * frequency / scaling.factor + smooth * frequency
    }
  }
}
