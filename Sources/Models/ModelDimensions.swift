/// The sizes of a model that its cost follows from, in memory and in operations: known without making the model.
///
/// They are floating point numbers: a description may be of a model that no machine can hold.
public struct ModelDimensions: Sendable {
  /// V and C.
  public let vocabulary, width: Double
  /// The number of blocks.
  public let layers: Double
  /// H D, the width of all queries of a position, and the width inside the feed-forward layer.
  public let attentionWidth, innerWidth: Double
  /// All parameters.
  public let parameters: Double
  /// The weights that every token is multiplied by: all matrices but the embeddings.
  public let multipliedWeights: Double
  /// The numbers that a block keeps for each token until its backward pass.
  public let blockActivations: Double
  /// The numbers of tables that are no parameters: rotary angles.
  public let tables: Double
  /// How many blocks have each sliding window of keys; the others see all.
  public let windows: [Int: Int]
  /// What is trained in the place of the parameters, and how these are kept; nil where they are trained themselves.
  package var adaptation: Adaptation?

  /// Parameters that stay as they are beside others that are trained.
  package struct Adaptation: Sendable {
    /// The parameters of adapters, and of modules that are trained whole.
    package let trained: Double
    /// The bytes of a number of a frozen matrix, and of a frozen table or head.
    package let matrixBytes, tableBytes: Double
    /// The numbers that a block keeps for each token beyond what it keeps without adapters.
    package let blockActivations: Double
    /// The numbers that the losses keep of an adapted head: its matrix beside the update, and their gradient.
    package let head: Double

    package init(
      trained: Double, matrixBytes: Double, tableBytes: Double, blockActivations: Double = 0, head: Double = 0
    ) {
      (self.trained, self.matrixBytes, self.tableBytes) = (trained, matrixBytes, tableBytes)
      (self.blockActivations, self.head) = (blockActivations, head)
    }
  }

  /// The parameters that are trained.
  package var trained: Double { adaptation?.trained ?? parameters }

  /// The numbers that a block keeps for each token until its backward pass, those for its adapters included.
  package var keptActivations: Double { blockActivations + (adaptation?.blockActivations ?? 0) }

  /// The bytes of all parameters.
  package var weightBytes: Double {
    guard let adaptation else { return 4 * parameters }
    let rest = max(0, parameters - multipliedWeights)
    return adaptation.matrixBytes * multipliedWeights + adaptation.tableBytes * rest + 4 * adaptation.trained
  }

  /// The same model with another number of blocks, biases and norms of the others left out of the count.
  package func with(layers count: Double) -> ModelDimensions {
    let weights = layers > 0 ? multipliedWeights / layers * count : 0
    return ModelDimensions(
      vocabulary: vocabulary, width: width, layers: count, attentionWidth: attentionWidth, innerWidth: innerWidth,
      parameters: parameters - multipliedWeights + weights, multipliedWeights: weights,
      blockActivations: blockActivations, tables: tables,
      windows: windows.mapValues { layers > 0 ? Int((Double($0) / layers * count).rounded()) : 0 })
  }

  /// Floating point operations of one training step on `tokens` tokens in sequences of `length`: 6 a matrix weight and
  /// token, the head included once and only at the `supervised` tokens, by default all of them, and causal attention (half
  /// of 12 L T H D a token, less where a window hides keys).
  public func trainingFLOPs(tokens: Double, supervised: Double? = nil, length: Double) -> Double {
    let attention = 6 * tokens * attentionSpan(length: length) * attentionWidth
    let head = (supervised ?? tokens) * vocabulary * width
    // A frozen matrix has no product for its own gradient.
    let own = adaptation == nil ? 6.0 : 4
    return attention + own * (tokens * multipliedWeights + head) + 6 * tokens * (adaptation?.trained ?? 0)
  }

  /// Twice the keys that a token sees on average, in all blocks together: T a block, or 2 W - W^2 / T with a window.
  private func attentionSpan(length: Double) -> Double {
    windows.reduce(layers * length) { span, entry in
      let (window, count) = (Double(entry.key), Double(entry.value))
      return window < length ? span - count * (length - window) * (length - window) / length : span
    }
  }
}

extension GPT2.Configuration {
  package var dimensions: ModelDimensions {
    let (c, inner, count) = (Double(width), Double(innerWidth), Double(layers))
    return ModelDimensions(
      vocabulary: Double(vocabularySize), width: c, layers: count, attentionWidth: c, innerWidth: inner,
      parameters: parameterCount.map(Double.init) ?? .infinity, multipliedWeights: count * (4 * c * c + 2 * c * inner),
      // As in `DecoderPlan`, with two numbers of each norm, and the layer before the activation function.
      blockActivations: 2 * (c + 2) + 3 * c + c + Double(heads) + inner, tables: 0, windows: [:])
  }
}
