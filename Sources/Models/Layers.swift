import Autograd
import Kernels

/// Makes the first weights of a model.
struct Initializer {
  private var generator: Generator?
  let deviation: Float

  /// Normal weights drawn from `seed`; without one, undefined weights that are about to be read from a file.
  init(seed: UInt64?, deviation: Float) {
    generator = seed.map { Generator(seed: $0) }
    self.deviation = deviation
  }

  /// Weights drawn from N(0, (deviation * scale)^2).
  mutating func weights(_ shape: Shape, scale: Float = 1, sections: [Parameter.Section] = []) -> Parameter {
    guard let value = generator?.normal(shape, deviation: deviation * scale) else {
      return Parameter(undefined: shape, sections: sections)
    }
    return Parameter(value, sections: sections)
  }

  /// Zeros in a row of weights that were drawn.
  func clear(_ weights: Parameter, row: Int) {
    guard generator != nil else { return }
    let columns = weights.shape[1]
    fill(weights.mutableBuffer[row * columns..<(row + 1) * columns], 0)
  }

  func constant(_ value: Float, _ shape: Shape, sections: [Parameter.Section] = []) -> Parameter {
    Parameter(Tensor(repeating: value, shape: shape), sections: sections)
  }
}

/// y = x W^T + b, or x W + b: `layout` says how a checkpoint stores W.
struct Linear: Module {
  let weight: Parameter
  let bias: Parameter?
  let layout: WeightLayout
  let slot = AdapterSlot()

  /// A layer with weights from N(0, (deviation * scale)^2) and a bias of zeros, if it has one. With `sections` it stacks
  /// several matrices of a checkpoint, so that one product computes all their outputs.
  init(
    _ inputs: Int, _ outputs: Int, sections: [Parameter.Section] = [], bias: Bool = false,
    layout: WeightLayout = .outputsByInputs, scale: Float = 1, initializer: inout Initializer
  ) {
    precondition(sections.isEmpty || layout == .outputsByInputs, "only rows are stacked: \(sections)")
    let shape: Shape = layout == .outputsByInputs ? [outputs, inputs] : [inputs, outputs]
    weight = initializer.weights(shape, scale: scale, sections: sections)
    self.bias = bias ? initializer.constant(0, [outputs], sections: sections) : nil
    self.layout = layout
  }

  /// A layer with the matrix [outputs, inputs] of another module, such as the embedding that a head is tied to.
  init(sharing weight: Parameter) {
    (self.weight, bias, layout) = (weight, nil, .outputsByInputs)
  }

  /// The widths of what it reads and of what it gives.
  var inputs: Int { weight.shape[layout == .outputsByInputs ? 1 : 0] }
  var outputs: Int { weight.shape[layout == .outputsByInputs ? 0 : 1] }

  func callAsFunction(_ x: Tensor) -> Tensor { slot.adapter?(x, self) ?? unadapted(x) }

  /// The output without an adapter.
  func unadapted(_ x: Tensor) -> Tensor { linear(x, weight, bias: bias?.tensor, layout: layout) }

  /// The output without the bias, in the weight's precision unless another is given.
  func product(_ x: Tensor, precision: ProductPrecision? = nil) -> Tensor {
    linear(x, weight, layout: layout, precision: precision)
  }
}

/// A table of vectors [rows, C], looked up by index.
struct Embedding: Module {
  let weight: Parameter
  /// The row that begins as zeros and learns nothing from being looked up.
  private let padding: Int?

  init(_ rows: Int, _ columns: Int, padding: Int? = nil, initializer: inout Initializer) {
    weight = initializer.weights([rows, columns])
    self.padding = padding
    if let padding { initializer.clear(weight, row: padding) }
  }

  func callAsFunction(_ indices: [Int32], shape: Shape) -> Tensor {
    embedding(weight, indices, shape: shape, padding: padding)
  }
}

/// The residual stream of a transformer: the sum of the branches so far, and the output of the last branch, which is added
/// when the stream is next normalised, in the same pass over memory. So x = x + attention(norm(x)) becomes
/// (x, normalized) = addAndNorm(x, branch); branch = attention(normalized).
struct ResidualStream {
  var sum: Tensor
  var branch: Tensor?

  /// The tensors that make it up.
  var tensors: [Tensor] { [sum] + (branch.map { [$0] } ?? []) }

  init(_ sum: Tensor, branch: Tensor? = nil) {
    self.sum = sum
    self.branch = branch
  }

  init(_ tensors: [Tensor]) { self.init(tensors[0], branch: tensors.count > 1 ? tensors[1] : nil) }

  /// The stream after all blocks in turn. With `recompute` a block's activations are recomputed in the backward pass.
  func passed<Block>(
    through blocks: [Block], recompute: Bool, _ apply: @escaping (Block, _ layer: Int, ResidualStream) -> ResidualStream
  ) -> ResidualStream {
    blocks.enumerated().reduce(self) { stream, next in
      let (layer, block) = next
      guard recompute else { return apply(block, layer, stream) }
      return ResidualStream(recomputed(stream.tensors) { apply(block, layer, ResidualStream($0)).tensors })
    }
  }

  /// Adds the pending branch: the input of the next branch where nothing is normalised before it.
  mutating func flowed() -> Tensor {
    if let branch { self = ResidualStream(sum + branch) }
    return sum
  }

  /// Adds the pending branch and normalises: the input of the next branch.
  fileprivate mutating func normalized(
    _ norm: (Tensor) -> Tensor, adding addAndNorm: (Tensor, Tensor) -> (sum: Tensor, normalized: Tensor)
  ) -> Tensor {
    guard let branch else { return norm(sum) }
    let result = addAndNorm(sum, branch)
    self = ResidualStream(result.sum)
    return result.normalized
  }
}

/// A normalisation, of the residual stream or of a branch.
protocol Norm: Module {
  /// Adds the pending branch of the stream and normalises.
  func callAsFunction(_ stream: inout ResidualStream) -> Tensor
  /// Normalises the last axis.
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// Root mean square normalisation with a weight, which Gemma stores as its difference from 1.
struct RMSNorm: Norm {
  let weight: Parameter
  let epsilon: Float
  let isOffset: Bool

  init(_ columns: Int, epsilon: Float, isOffset: Bool = false, initializer: Initializer) {
    weight = initializer.constant(isOffset ? 0 : 1, [columns])
    self.epsilon = epsilon
    self.isOffset = isOffset
  }

  /// What the normalised numbers are multiplied by.
  var scale: Tensor { isOffset ? weight.tensor + 1 : weight.tensor }

  func callAsFunction(_ stream: inout ResidualStream) -> Tensor {
    stream.normalized(
      { rmsNorm($0, scale, epsilon: epsilon) }, adding: { addAndRMSNorm($0, $1, scale, epsilon: epsilon) })
  }

  func callAsFunction(_ x: Tensor) -> Tensor { rmsNorm(x, scale, epsilon: epsilon) }
}

/// Layer normalisation with a weight and a bias.
struct LayerNorm: Norm {
  let weight: Parameter
  let bias: Parameter
  let epsilon: Float

  init(_ columns: Int, epsilon: Float, initializer: Initializer) {
    weight = initializer.constant(1, [columns])
    bias = initializer.constant(0, [columns])
    self.epsilon = epsilon
  }

  func callAsFunction(_ stream: inout ResidualStream) -> Tensor {
    stream.normalized(
      { layerNorm($0, weight.tensor, bias.tensor, epsilon: epsilon) },
      adding: { addAndLayerNorm($0, $1, weight.tensor, bias.tensor, epsilon: epsilon) })
  }

  func callAsFunction(_ x: Tensor) -> Tensor { layerNorm(x, weight.tensor, bias.tensor, epsilon: epsilon) }
}
