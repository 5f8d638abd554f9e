import Autograd
import Support
import Testing

/// y + s (x A^T) B^T, one A product for several sections of y.
@Suite struct LowRankTests {
  private let outputs = [0..<3, 5..<9]

  /// The same from operations that are tested against Double: one section after the other, each beside zeros.
  private func composed(_ inputs: [Tensor]) -> Tensor {
    let (y, x, down) = (inputs[0], inputs[1], inputs[2])
    let rank = down.shape[0] / outputs.count
    let parts = outputs.enumerated().map { index, range -> Tensor in
      let a = down.slice(index * rank..<(index + 1) * rank)
      let update = linear(linear(x, a), inputs[3 + index]) * 0.75
      func zeros(_ count: Int) -> [Tensor] {
        count > 0 ? [Tensor(repeating: 0, shape: Shape(y.shape.dimensions.dropLast() + [count]))] : []
      }
      return concatenate(
        zeros(range.lowerBound) + [update] + zeros(y.shape.columns - range.upperBound), axis: y.shape.rank - 1)
    }
    return parts.reduce(y) { $0 + $1 }
  }

  private func fused(_ inputs: [Tensor]) -> Tensor {
    addingLowRank(
      to: inputs[0], of: inputs[1], down: inputs[2],
      outputs.enumerated().map { LowRankSection($1, up: inputs[3 + $0]) }, scale: 0.75)
  }

  private func inputs(rows: Int, rank: Int) -> [ReferenceArray] {
    var generator = SeededGenerator(seed: 3)
    return [[2, rows, 10], [2, rows, 7], [2 * rank, 7], [3, rank], [4, rank]].map { generator.normals($0) }
  }

  @Test(arguments: [(1, 1), (3, 2), (40, 8)]) func valuesAndGradients(_ rows: Int, _ rank: Int) {
    let inputs = inputs(rows: rows, rank: rank)
    var generator = SeededGenerator(seed: 5)
    let upstream = generator.normals([2, rows, 10])
    for setting in [Trial.Setting(), Trial.Setting(isInside: true), Trial.Setting(uses: 2, passes: 2)] {
      let (found, expected) = (
        Trial(fused, inputs, upstream: upstream, setting), Trial(composed, inputs, upstream: upstream, setting)
      )
      for (one, other) in zip([found.value] + found.gradients, [expected.value] + expected.gradients) {
        for (a, b) in zip(one, other) { #expect(abs(a - b) <= 2e-5 * max(1, abs(b)), "\(setting): \(a), \(b)") }
      }
    }
  }

  /// An output that nobody else holds takes the updates in its own memory.
  @Test func theOutputIsUpdatedInPlace() {
    let inputs = inputs(rows: 3, rank: 2).map { Tensor($0) }
    let weight = Tensor(repeating: 0.5, shape: [10, 7])
    func updated() -> (Tensor, Bool) {
      let y = linear(inputs[1], weight)
      let before = ObjectIdentifier(y.storage)
      let result = fused([y] + inputs.dropFirst())
      return (result, ObjectIdentifier(result.storage) == before)
    }
    // The array that `fused` is given holds y.
    #expect(!updated().1)
    var place: ObjectIdentifier?
    func fresh() -> Tensor {
      let y = linear(inputs[1], weight)
      place = ObjectIdentifier(y.storage)
      return y
    }
    let result = addingLowRank(
      to: fresh(), of: inputs[1], down: inputs[2],
      [LowRankSection(0..<3, up: inputs[3]), LowRankSection(5..<9, up: inputs[4])], scale: 1)
    #expect(ObjectIdentifier(result.storage) == place)
  }
}
