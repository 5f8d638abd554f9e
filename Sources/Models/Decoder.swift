import Autograd

/// The model that a plan describes: a decoder with a head over the vocabulary.
struct Decoder: LanguageModel, NamedParts {
  let model: DecoderBackbone
  let output: Linear

  /// A model with GPT-2's initialisation: N(0, initializer_range), the projections into the residual stream divided by
  /// sqrt(2 layers). Without a seed the matrices are undefined, to be read from a file.
  init(_ plan: DecoderPlan, seed: UInt64?) {
    var initializer = Initializer(seed: seed, deviation: Float(plan.initializerRange))
    model = DecoderBackbone(plan, &initializer)
    output =
      plan.tiesEmbeddings
      ? Linear(sharing: model.embedding.weight)
      : Linear(plan.width, plan.vocabularySize, initializer: &initializer)
  }

  var parts: [(name: String, part: Any?)] { [(model.plan.names.model, model), (model.plan.names.head, output)] }
  var backbone: any Backbone { model }
  var head: Head { Head(output) }
}

/// A decoder without its head.
struct DecoderBackbone: Backbone, NamedParts {
  let embedding: Embedding
  let blocks: [DecoderBlock]
  let norm: any Norm
  let plan: DecoderPlan
  private let rotary: [RotaryTables]

  init(_ plan: DecoderPlan, _ initializer: inout Initializer) {
    self.plan = plan
    embedding = Embedding(plan.vocabularySize, plan.width, padding: plan.paddingToken, initializer: &initializer)
    blocks = (0..<plan.layers).map { _ in DecoderBlock(plan, &initializer) }
    norm = plan.makeNorm(initializer)
    rotary = plan.rotary.map { RotaryTables($0, limit: plan.maximumPositions) }
  }

  var parts: [(name: String, part: Any?)] {
    [(plan.names.embedding, embedding), (plan.names.layers, blocks), (plan.names.norm, norm)]
  }
  var vocabularySize: Int { plan.vocabularySize }
  var maximumPositions: Int { plan.maximumPositions }
  var cacheShape: (layers: Int, width: Int) { (plan.layers, plan.keyWidth) }
  var dimensions: ModelDimensions { plan.dimensions }

  func hiddenStates(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, recompute: Bool, noise: EmbeddingNoise?
  ) -> Tensor {
    let reach = attention.reach(count: tokens.count)
    let rotations = rotary.map { $0.rotation(of: attention, count: tokens.count) }
    // A layer's window as an attention of its own, made once for all layers that have it.
    let windows = Set((0..<plan.layers).compactMap { plan.layer($0).window }).filter { $0 < reach }
    let modes = Dictionary(uniqueKeysWithValues: windows.map { ($0, attention.windowed(to: $0)) })
    var stream = ResidualStream(embedded(tokens, shape: shape, attention: attention, noise: noise))
      .passed(through: blocks, recompute: recompute) { [plan] block, layer, stream in
        let own = plan.layer(layer)
        return block(
          stream, attention: own.window.flatMap { modes[$0] } ?? attention, layer: layer,
          rotary: own.rotary.map { rotations[$0] })
      }
    let hidden = norm(&stream)
    // logits / divisor = (hidden / divisor) W^T: the head needs to know nothing.
    return plan.logitsDivisor == 1 ? hidden : hidden.scaled(by: Float(1 / plan.logitsDivisor))
  }

  func cacheVariant(reach: Int) -> Int {
    plan.rotary.reduce(0) { $0 * 2 + ($1.scaling?.cacheVariant(reach: reach) ?? 0) }
  }

  func rotationVariant(reach: Int) -> Int { plan.rotary.variant(reach: reach) }

  private func embedded(
    _ tokens: [Int32], shape: Shape, attention: AttentionMode, noise: EmbeddingNoise?
  ) -> Tensor {
    let x = embedding(tokens, shape: shape)
    return switch plan.embeddingScale {
    case .none: attention.adding(noise, to: x)
    case .inside(let scale): attention.adding(noise, to: x.scaled(by: Float(scale)))
    case .outside(let scale): attention.adding(noise, to: x).scaled(by: Float(scale))
    }
  }
}

/// A configuration that a decoder's plan follows from.
protocol PlannedConfiguration: ModelConfiguration {
  /// What the model is made of.
  var plan: DecoderPlan { get }
}

extension PlannedConfiguration {
  package var parameterCount: Int? { plan.parameterCount }
  package var dimensions: ModelDimensions { plan.dimensions }
  package func makeModel(seed: UInt64?) -> any LanguageModel { Decoder(plan, seed: seed) }

  package func rotatesAlike(upTo length: Int) -> Bool {
    plan.rotary.variant(reach: length) == 0
  }

  package var ropeFactors: [Double]? {
    guard let rotary = plan.rotary.first, rotary.scaling != nil else { return nil }
    var unscaled = rotary
    unscaled.scaling = nil
    return zip(unscaled.frequencies(), rotary.frequencies()).map { $0 / $1 }
  }
}
