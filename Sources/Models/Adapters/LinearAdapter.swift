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
///
/// Updates that begin as the principal part of W (Meng et al. 2024, "PiSSA") have W - s B0 A0 in the place of W, B0 A0 being what
/// they began as. W stays as it is, and s x A0^T B0^T is subtracted: a base that others know, in few bits or not, remains it.
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

  /// Updates of one rank and one scale.
  struct Stack {
    /// The A of all updates [n r, inputs], one below the other.
    let down: Parameter
    let updates: [Update]
    let scale: Float
    var rank: Int { down.shape[0] / updates.count }

    /// The A of an update [r, inputs].
    func down(of index: Int) -> Tensor { down.value(ofRows: index * rank..<(index + 1) * rank) }
  }

  let stacks: [Stack]
  /// What the updates of each stack began as, where W without it is the base; otherwise empty. It is never trained.
  let origins: [Stack]
  private let dropout: Float
  let state: AdapterSwitch
  /// What makes the dropout of this layer its own.
  private let number: UInt64
  /// |w|^2 of each output's row of the base.
  private var baseNorms: [Double] = []

  init(stacks: [Stack], origins: [Stack], dropout: Double, state: AdapterSwitch, number: Int) {
    (self.stacks, self.origins, self.state) = (stacks, origins, state)
    (self.dropout, self.number) = (Float(dropout), UInt64(number))
  }

  /// The updates of all stacks.
  var updates: [Update] { stacks.flatMap(\.updates) }
  private var hasMagnitudes: Bool { updates.contains { $0.magnitude != nil } }
  private var isDropping: Bool { dropout > 0 && state.dropoutSeed != nil }

  /// The layer's output with the updates.
  func callAsFunction(_ x: Tensor, _ base: Linear) -> Tensor {
    guard state.isOn else { return base.unadapted(x) }
    let input = isDropping ? self.dropout(of: x) : x
    guard hasMagnitudes else {
      return added(to: remainder(base.unadapted(x), of: x), of: input)
    }
    let bias = base.bias?.tensor
    let factors = factors(base)
    guard isDropping else {
      let y = added(to: remainder(base.product(x), of: x), of: x) * factors
      return bias.map { y + $0 } ?? y
    }
    // PEFT drops inputs of the direction alone: y = x W^T + b + (f - 1) x' W^T + f s x' A^T B^T.
    let dropped = remainder(base.product(input), of: input)
    return remainder(base.unadapted(x), of: x)
      + added(to: remainder(base.product(input), of: input), of: input) * factors - dropped
  }

  private func dropout(of x: Tensor) -> Tensor {
    Autograd.dropout(x, probability: dropout, seed: SplitMix64.mixed(state.dropoutSeed! &+ number))
  }

  private func added(to y: consuming Tensor, of x: Tensor) -> Tensor { adding(stacks, to: y, of: x, sign: 1) }

  /// y - s x A0^T B0^T.
  private func remainder(_ y: consuming Tensor, of x: Tensor) -> Tensor { adding(origins, to: y, of: x, sign: -1) }

  private func adding(_ stacks: [Stack], to y: consuming Tensor, of x: Tensor, sign: Float) -> Tensor {
    // What is trained and where it began are rounded alike.
    let precision = self.stacks[0].down.precision
    var sum = y
    for stack in stacks {
      let sections = stack.updates.map { LowRankSection($0.outputs, up: $0.up.tensor) }
      sum = addingLowRank(
        to: consume sum, of: x, down: stack.down.tensor, sections, scale: sign * stack.scale, precision: precision)
    }
    return sum
  }

  // MARK: As one product

  /// x' [..., n] and W' [outputs, n] with y = x' W'^T, of a layer without a bias: that is how the losses take a head. What the layer
  /// multiplies its input by stands side by side, x' = [x, s x A^T] and W' = [W, B]; magnitudes scale the rows of W'.
  func asOneProduct(_ x: Tensor, _ base: Linear) -> (x: Tensor, weight: Weight) {
    typealias Terms = [(x: Tensor, weight: Tensor)]
    let input = isDropping ? self.dropout(of: x) : x
    func terms(_ stacks: [Stack], of x: Tensor, sign: Float) -> Terms {
      stacks.map { (linear(x, $0.down).scaled(by: sign * $0.scale), $0.updates[0].up.tensor) }
    }
    func unadapted(_ x: Tensor) -> Terms {
      let weight = base.weight
      return [(x, weight.packed == nil ? weight.tensor : weight.value(ofRows: 0..<base.outputs))]
        + terms(origins, of: x, sign: -1)
    }
    func scaled(_ terms: Terms, by factors: Tensor) -> Terms { terms.map { ($0.x, $0.weight * factors) } }
    var all = terms(stacks, of: input, sign: 1)
    if hasMagnitudes {
      let factors = factors(base).reshaped(to: [base.outputs, 1])
      all = scaled(all, by: factors)
      // As above, with dropout the magnitudes scale what is left of the input.
      all += isDropping ? unadapted(x) + scaled(unadapted(input), by: factors - 1) : scaled(unadapted(x), by: factors)
    } else {
      all += unadapted(x)
    }
    return (
      concatenate(all.map(\.x), axis: -1),
      Weight(concatenate(all.map(\.weight), axis: 1), precision: base.weight.precision)
    )
  }

  // MARK: As plain matrices

  /// The change s B A of an update, or s (B A - B0 A0) = s [B, -B0] [A; A0].
  struct Change {
    let outputs: Range<Int>
    /// A [r, inputs], or [A; A0] [2 r, inputs].
    let down: Tensor
    /// B [outputs, r], or [B, -B0] [outputs, 2 r].
    let up: Tensor
    let scale: Float
  }

  /// The changes that the updates make to W, in order.
  var changes: [Change] {
    stacks.enumerated().flatMap { number, stack in
      stack.updates.enumerated().map { index, update in
        let (a, b) = (stack.down(of: index), update.up.value)
        guard !origins.isEmpty else { return Change(outputs: update.outputs, down: a, up: b, scale: stack.scale) }
        let origin = origins[number]
        return Change(
          outputs: update.outputs, down: concatenate([a, origin.down(of: index)]),
          up: concatenate([b, origin.updates[index].up.value * -1], axis: 1), scale: stack.scale)
      }
    }
  }

  // MARK: Magnitudes

  /// m / |W + s B A| of each output [outputs]; 1 where nothing is updated.
  private func factors(_ base: Linear) -> Tensor {
    var parts: [Tensor] = []
    var end = 0
    let norms = norms(base)
    for update in updates.sorted(by: { $0.outputs.lowerBound < $1.outputs.lowerBound }) {
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
    let changes = changes
    let a = changes.count == 1 ? changes[0].down : concatenate(changes.map(\.down))
    // A W^T [ranks, outputs] and A A^T [ranks, ranks].
    let products = base.product(a, precision: .float32).elements
    let (squares, ranks) = (linear(a, a).elements, a.shape[0])
    var (norms, start) = (baseNorms, 0)
    for change in changes {
      let (b, rank, scale) = (change.up.elements, change.up.shape[1], Double(change.scale))
      for (row, output) in change.outputs.enumerated() {
        var (cross, square) = (0.0, 0.0)
        for k in 0..<rank {
          let bk = Double(b[row * rank + k])
          cross += bk * Double(products[(start + k) * base.outputs + output])
          for l in 0..<rank {
            square += bk * Double(b[row * rank + l]) * Double(squares[(start + k) * ranks + start + l])
          }
        }
        norms[output] += scale * (2 * cross + scale * square)
      }
      start += rank
    }
    return norms.map { max(0, $0).squareRoot() }
  }

  /// Sets the magnitudes to the norms of the rows: the adapter then changes nothing, as long as its changes are zero.
  func setMagnitudes(_ base: Linear) {
    let norms = norms(base)
    for update in updates {
      update.magnitude?.mutableBuffer.assign(norms[update.outputs].map { Float($0) })
    }
  }

  // MARK: Merging

  /// Adds the updates to the weight of the layer, which does then without the adapter.
  func merge(into base: Linear) {
    let factors = hasMagnitudes ? factors(base).elements : nil
    let inputs = base.inputs
    let (weights, isTransposed) = (base.weight.mutableBuffer, base.layout == .inputsByOutputs)
    for part in changes {
      // B A [outputs, inputs]
      let change = linear(part.up, part.down, layout: .inputsByOutputs).elements
      weights.withUnsafeMutableBufferPointer { weights in
        for (row, output) in part.outputs.enumerated() {
          for input in 0..<inputs {
            let place = isTransposed ? input * base.outputs + output : output * inputs + input
            let sum = Double(weights[place]) + Double(part.scale) * Double(change[row * inputs + input])
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
