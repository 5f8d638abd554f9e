import Autograd
import Kernels
import Numerics

/// Where a linear layer has its adapter, if it has one: what is added to a layer after it was made needs identity.
final class AdapterSlot {
  var adapter: LinearAdapter?
}

/// What all adapters of a model share: whether they are on, and what their dropout is drawn from.
package final class AdapterSwitch {
  /// Without its adapters a model is its base.
  package var isOn = true
  /// Of the micro-batch that is trained on; nil where nothing is dropped.
  package var dropoutSeed: UInt64?
}

/// The low-rank updates of a linear layer, of the whole of it or of some of the matrices that it stacks:
/// y = x W^T + b + s dropout(x) A^T B^T (Hu et al. 2021, "LoRA"); with magnitudes m
/// y = m / |W + s B A| (x W^T + s x A^T B^T) + b, the norm that of each output's row and not part of the gradient (Liu et al.
/// 2024, "DoRA", section 4.3).
final class LinearAdapter {
  /// An update of some of the layer's outputs.
  struct Update {
    /// The outputs in the layer.
    let outputs: Range<Int>
    /// B [outputs, r].
    let up: Parameter
    /// m [outputs], in an adapter that learns it.
    let magnitude: Parameter?
  }

  /// The A of all updates [n r, inputs], one below the other.
  let down: Parameter
  let updates: [Update]
  let scale: Float
  private let dropout: Float
  let state: AdapterSwitch
  /// What makes the dropout of this layer its own.
  private let number: UInt64
  /// |w|^2 of each output's row of the base.
  private var baseNorms: [Double] = []

  init(
    _ configuration: AdapterConfiguration, down: Parameter, updates: [Update], state: AdapterSwitch, number: Int
  ) {
    (self.down, self.updates, self.state) = (down, updates, state)
    (scale, dropout, self.number) = (Float(configuration.scale), Float(configuration.dropout), UInt64(number))
  }

  /// The layer's output with the updates.
  func callAsFunction(_ x: Tensor, _ base: Linear) -> Tensor {
    guard state.isOn else { return base.unadapted(x) }
    let isDropping = dropout > 0 && state.dropoutSeed != nil
    let input = isDropping ? self.dropout(of: x) : x
    guard updates.contains(where: { $0.magnitude != nil }) else { return added(to: base.unadapted(x), of: input) }
    let bias = base.bias?.tensor
    let factors = factors(base)
    guard isDropping else {
      let y = added(to: base.product(x), of: x) * factors
      return bias.map { y + $0 } ?? y
    }
    // PEFT drops inputs of the direction alone: y = x W^T + b + (f - 1) x' W^T + f s x' A^T B^T.
    return base.unadapted(x) + added(to: base.product(input), of: input) * factors - base.product(input)
  }

  private func dropout(of x: Tensor) -> Tensor {
    Autograd.dropout(x, probability: dropout, seed: SplitMix64.mixed(state.dropoutSeed! &+ number))
  }

  private func added(to y: consuming Tensor, of x: Tensor) -> Tensor {
    addingLowRank(
      to: y, of: x, down: down.tensor, updates.map { LowRankSection($0.outputs, up: $0.up.tensor) }, scale: scale)
  }

  // MARK: Magnitudes

  /// m / |W + s B A| of each output [outputs]; 1 where nothing is updated.
  private func factors(_ base: Linear) -> Tensor {
    var parts: [Tensor] = []
    var end = 0
    let norms = norms(base)
    for update in updates {
      if update.outputs.lowerBound > end { parts.append(ones(end..<update.outputs.lowerBound)) }
      let norm = Tensor(norms[update.outputs].map { Float($0) }, shape: [update.outputs.count])
      parts.append(update.magnitude!.tensor / norm)
      end = update.outputs.upperBound
    }
    if end < base.outputs { parts.append(ones(end..<base.outputs)) }
    return parts.count == 1 ? parts[0] : concatenate(parts)
  }

  private func ones(_ outputs: Range<Int>) -> Tensor { Tensor(repeating: 1, shape: [outputs.count]) }

  /// |w + s B A| of each output's row:
  /// |w_i|^2 + 2 s b_i . (A w_i) + s^2 b_i A A^T b_i.
  func norms(_ base: Linear) -> [Double] {
    if baseNorms.isEmpty { baseNorms = base.squaredRows }
    let a = down.value
    // A W^T [n r, outputs] and A A^T [n r, n r].
    let (products, squares) = (base.product(a).elements, linear(a, a).elements)
    let (ranks, rank) = (down.shape[0], down.shape[0] / updates.count)
    var norms = baseNorms
    for (index, update) in updates.enumerated() {
      let b = update.up.value.elements
      for (row, output) in update.outputs.enumerated() {
        var (cross, square) = (0.0, 0.0)
        for k in 0..<rank {
          let own = index * rank + k
          let bk = Double(b[row * rank + k])
          cross += bk * Double(products[own * base.outputs + output])
          for l in 0..<rank {
            square += bk * Double(b[row * rank + l]) * Double(squares[own * ranks + index * rank + l])
          }
        }
        norms[output] += Double(scale) * (2 * cross + Double(scale) * square)
      }
    }
    return norms.map { max(0, $0).squareRoot() }
  }

  /// Sets the magnitudes to the norms of the rows: the adapter then changes nothing, as long as B is zero.
  func setMagnitudes(_ base: Linear) {
    let norms = norms(base)
    for update in updates {
      update.magnitude?.mutableBuffer.assign(norms[update.outputs].map { Float($0) })
    }
  }

  // MARK: Merging

  /// Adds the updates to the weight of the layer, which does then without the adapter.
  func merge(into base: Linear) {
    let factors = updates.contains { $0.magnitude != nil } ? factors(base).elements : nil
    let rank = down.shape[0] / updates.count
    let inputs = down.shape[1]
    let (weights, isTransposed) = (base.weight.mutableBuffer, base.layout == .inputsByOutputs)
    for (index, update) in updates.enumerated() {
      let a = down.value(ofRows: index * rank..<(index + 1) * rank)
      // B A [outputs, inputs]
      let change = linear(update.up.value, a, layout: .inputsByOutputs).elements
      weights.withUnsafeMutableBufferPointer { weights in
        for (row, output) in update.outputs.enumerated() {
          for input in 0..<inputs {
            let place = isTransposed ? input * base.outputs + output : output * inputs + input
            let sum = Double(weights[place]) + Double(scale) * Double(change[row * inputs + input])
            weights[place] = Float(sum * Double(factors?[output] ?? 1))
          }
        }
      }
    }
  }
}

extension Linear {
  /// |w|^2 of each output's row.
  fileprivate var squaredRows: [Double] {
    var sums = [Double](repeating: 0, count: outputs)
    let isTransposed = layout == .inputsByOutputs
    for row in 0..<weight.shape[0] {
      let values = weight.value(ofRows: row..<row + 1).elements
      for (column, value) in values.enumerated() { sums[isTransposed ? column : row] += Double(value) * Double(value) }
    }
    return sums
  }
}
