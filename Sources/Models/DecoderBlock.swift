import Autograd

/// A block of a decoder: attention and a feed-forward layer, each a branch of the residual stream.
struct DecoderBlock: NamedParts {
  let beforeAttention, afterAttention, beforeFeedForward, afterFeedForward: (any Norm)?
  let attention: DecoderAttention
  let feedForward: DecoderFeedForward
  private let plan: DecoderPlan

  init(_ plan: DecoderPlan, _ initializer: inout Initializer) {
    self.plan = plan
    let norm = { [initializer] (name: String?) in name.map { _ in plan.makeNorm(initializer) } }
    beforeAttention = norm(plan.norm.beforeAttention)
    attention = DecoderAttention(plan, &initializer)
    afterAttention = norm(plan.norm.afterAttention)
    beforeFeedForward = norm(plan.norm.beforeFeedForward)
    feedForward = DecoderFeedForward(plan, &initializer)
    afterFeedForward = norm(plan.norm.afterFeedForward)
  }

  var parts: [(name: String, part: Any?)] {
    [
      (plan.norm.beforeAttention ?? "", beforeAttention), (plan.names.attention, attention),
      (plan.norm.afterAttention ?? "", afterAttention), (plan.norm.beforeFeedForward ?? "", beforeFeedForward),
      (plan.names.feedForward, feedForward), (plan.norm.afterFeedForward ?? "", afterFeedForward),
    ]
  }

  func callAsFunction(
    _ input: ResidualStream, attention mode: AttentionMode, layer: Int, rotary: (any Rotation)?
  ) -> ResidualStream {
    var stream = input
    let attended = branch(
      attention(read(&stream, beforeAttention), mode: mode, layer: layer, rotary: rotary), afterAttention)
    if plan.isParallel {
      let fed = branch(feedForward(read(&stream, beforeFeedForward)), afterFeedForward)
      stream.branch = attended + fed
      return stream
    }
    stream.branch = attended
    stream.branch = branch(feedForward(read(&stream, beforeFeedForward)), afterFeedForward)
    return stream
  }

  /// What a branch reads of the stream.
  private func read(_ stream: inout ResidualStream, _ norm: (any Norm)?) -> Tensor {
    norm?(&stream) ?? stream.flowed()
  }

  /// What a branch adds to the stream.
  private func branch(_ output: Tensor, _ norm: (any Norm)?) -> Tensor {
    let normalized = norm?(output) ?? output
    return plan.residualScale == 1 ? normalized : normalized.scaled(by: Float(plan.residualScale))
  }
}

/// Attention with one product for queries, keys and values.
struct DecoderAttention: NamedParts {
  let queriesKeysValues: Linear
  let queryNorm, keyNorm: RMSNorm?
  let output: Linear
  private let plan: DecoderPlan

  init(_ plan: DecoderPlan, _ initializer: inout Initializer) {
    self.plan = plan
    let (queries, keys, names) = (plan.queryWidth, plan.keyWidth, plan.names.queriesKeysValues)
    let sections = zip(names, [queries, keys, keys]).map { Parameter.Section($0, rows: $1) }
    queriesKeysValues = Linear(
      plan.width, queries + 2 * keys, sections: names.count > 1 ? sections : [], bias: plan.biases.queriesKeysValues,
      initializer: &initializer)
    output = Linear(
      queries, plan.width, bias: plan.biases.attentionOutput, scale: plan.firstResidualScale, initializer: &initializer)
    let sizes: [Int?] =
      switch plan.headNorm {
      case .none: [nil, nil]
      case .perHead: [plan.headSize, plan.headSize]
      case .wholeWidth: [queries, keys]
      }
    let norms = sizes.map { [initializer] size in size.map { plan.makeRMSNorm($0, initializer) } }
    (queryNorm, keyNorm) = (norms[0], norms[1])
  }

  var parts: [(name: String, part: Any?)] {
    let names = plan.names
    return [
      (names.queriesKeysValues[0], queriesKeysValues), (names.attentionOutput, output), ("q_norm", queryNorm),
      ("k_norm", keyNorm),
    ]
  }

  func callAsFunction(_ x: Tensor, mode: AttentionMode, layer: Int, rotary: (any Rotation)?) -> Tensor {
    output(
      mode.attend(
        packed(x), heads: plan.heads, keyHeads: plan.keyHeads, layer: layer, rotary: rotary,
        scale: plan.attentionScale.map { Float($0) }, precision: queriesKeysValues.weight.precision))
  }

  /// Queries, keys and values beside each other.
  private func packed(_ x: Tensor) -> Tensor {
    guard let queryNorm, let keyNorm else {
      return plan.interleavesHeads ? separated(queriesKeysValues(x)) : queriesKeysValues(x)
    }
    return headNorm(
      queriesKeysValues(x), heads: plan.heads, keyHeads: plan.keyHeads, queryWeight: queryNorm.scale,
      keyWeight: keyNorm.scale, epsilon: queryNorm.epsilon)
  }

  /// [q | k | v] of each head in turn becomes all queries, all keys, all values.
  private func separated(_ x: Tensor) -> Tensor {
    let (rows, columns, size) = (x.shape[0], x.shape[1], plan.headSize)
    return x.reshaped(to: [rows, columns, plan.heads, 3, size]).permuted([0, 1, 3, 2, 4])
      .reshaped(to: [rows, columns, 3 * plan.heads * size])
  }
}

/// The feed-forward layer, with one product for gate and up.
struct DecoderFeedForward: NamedParts {
  let inner: Linear
  let outer: Linear
  private let plan: DecoderPlan

  init(_ plan: DecoderPlan, _ initializer: inout Initializer) {
    self.plan = plan
    let names = plan.names.inner
    inner = Linear(
      plan.width, (plan.activation.isGated ? 2 : 1) * plan.innerWidth,
      sections: names.count > 1 ? names.map { Parameter.Section($0, rows: plan.innerWidth) } : [],
      bias: plan.biases.feedForward, initializer: &initializer)
    outer = Linear(
      plan.innerWidth, plan.width, bias: plan.biases.feedForward, scale: plan.firstResidualScale,
      initializer: &initializer)
  }

  var parts: [(name: String, part: Any?)] { [(plan.names.inner[0], inner), (plan.names.outer, outer)] }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let hidden = inner(x)
    return switch plan.activation {
    case .swiGLU: outer(swiGLU(hidden))
    case .geGLU: outer(geGLU(hidden))
    case .gelu: outer(exactGELU(hidden))
    case .tanhGELU: outer(gelu(hidden))
    }
  }
}

extension DecoderPlan {
  /// The scale of the first weights of the projections into the residual stream, so that its variance does not grow with
  /// depth (Radford et al. 2019).
  var firstResidualScale: Float { 1 / Float(2 * layers).squareRoot() }

  /// A norm of the width of the model.
  func makeNorm(_ initializer: Initializer) -> any Norm {
    norm.kind == .layer
      ? LayerNorm(width, epsilon: Float(norm.epsilon), initializer: initializer) : makeRMSNorm(width, initializer)
  }

  func makeRMSNorm(_ columns: Int, _ initializer: Initializer) -> RMSNorm {
    RMSNorm(
      columns, epsilon: Float(norm.epsilon), isOffset: norm.kind == .offsetRMS, initializer: initializer)
  }
}
