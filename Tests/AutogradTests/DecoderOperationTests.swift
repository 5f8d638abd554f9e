import Autograd
import Support
import Testing

/// What the younger decoders have besides: norms of queries and keys, other activations, rotated parts of heads.
@Suite struct DecoderOperationTests {
  /// Against the norm of each part by itself, put together from elementary operations.
  @Test(arguments: [(4, 2, false), (4, 2, true), (3, 3, false), (1, 1, true)])
  func headNormIsTheNormOfEachPart(_ heads: Int, _ keyHeads: Int, _ isWhole: Bool) {
    var generator = SeededGenerator(seed: 3)
    let (rows, size) = (37, 6)
    let (queries, keys) = (heads * size, keyHeads * size)
    let inputs = [
      generator.normals([rows, queries + 2 * keys]), generator.normals([isWhole ? queries : size]),
      generator.normals([isWhole ? keys : size]),
    ]
    let upstream = generator.normals([rows, queries + 2 * keys])
    let fused = Trial(
      {
        headNorm($0[0], heads: heads, keyHeads: keyHeads, queryWeight: $0[1], keyWeight: $0[2], epsilon: 1e-3)
      }, inputs, upstream: upstream)
    let parts = Trial(
      { operands in
        func part(_ range: Range<Int>, _ weight: Tensor) -> Tensor {
          let x = operands[0].slice(range, axis: 1)
          let width = weight.shape.count
          return rmsNorm(x.reshaped(to: [rows, range.count / width, width]), weight, epsilon: 1e-3)
            .reshaped(to: [rows, range.count])
        }
        return concatenate(
          [
            part(0..<queries, operands[1]), part(queries..<queries + keys, operands[2]),
            operands[0].slice(queries + keys..<queries + 2 * keys, axis: 1),
          ], axis: 1)
      }, inputs, upstream: upstream)
    let reference = ReferenceArray(parts.shape, parts.value)
    #expect(mismatch(fused.value, reference, within: .scaled(relative: 1e-6, scaled: 1e-6)) == nil)
    for (which, (one, other)) in zip(fused.gradients, parts.gradients).enumerated() {
      let problem = mismatch(one, ReferenceArray(inputs[which].shape, other), within: .frobenius(1e-5))
      #expect(problem == nil, "gradient \(which): \(problem ?? "")")
    }
  }

  @Test(arguments: [false, true]) func activationsAreWhatTheirTwinsSay(_ isGated: Bool) {
    var generator = SeededGenerator(seed: 4)
    let x = ReferenceArray([4, 64], generator.normals([256]).values.map { Double(Float(3 * $0)) })
    let upstream = generator.normals([4, isGated ? 32 : 64])
    let trial = Trial({ isGated ? geGLU($0[0]) : exactGELU($0[0]) }, [x], upstream: upstream)
    let twin = isGated ? Twin.geGLU : Twin.exactGELU
    let (value, gradients) = (twin.value(of: [x]), twin.gradients(of: [x], upstream: upstream))
    #expect(mismatch(trial.value, value, within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil)
    #expect(mismatch(trial.gradients[0], gradients[0], within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil)
  }

  /// Extreme inputs stay finite, and far from 0 GELU is x or 0.
  @Test func exactGELUSaturates() {
    let x: [Float] = [-1e30, -1e4, -40, -6, 6, 40, 1e4, 1e30]
    let trial = Trial(
      { exactGELU($0[0]) }, [ReferenceArray([8], x)], upstream: ReferenceArray([8], [Float](repeating: 1, count: 8)))
    #expect(trial.value.map { abs($0) } == [0, 0, 0, trial.value[3].magnitude, trial.value[4], 40, 1e4, 1e30])
    #expect(abs(trial.value[3]) < 1e-6 && abs(trial.value[4] - 6) < 1e-6)
    #expect(trial.gradients[0].allSatisfy { $0.isFinite && $0 > -0.2 && $0 < 1.2 })
  }

  /// The channels that are not rotated pass, and an amplitude multiplies the others alone.
  @Test func aPartOfAHeadIsRotated() {
    var generator = SeededGenerator(seed: 5)
    let x = generator.normals([1, 5, 3, 8])
    let positions: [Int32] = [0, 3, 1, 7, 2]
    let frequencies = [1.0, 0.1]
    let table = RotaryTable(frequencies: frequencies, amplitude: 1.25, positions: 8)
    let trial = Trial(
      { rotaryEmbedding($0[0], positions: positions, table: table) }, [x], upstream: generator.normals([1, 5, 3, 8]))
    let whole = Twin.rotary(
      positions: IntegerArray([1, 5], positions.map(Int.init)), frequencies: frequencies)
    let part = ReferenceArray([1, 5, 3, 4], x.splitRows.flatMap { $0[..<4] })
    let rotated = whole.value(of: [part]).splitRows
    let expected = zip(rotated, x.splitRows).flatMap { $0.map { 1.25 * $0 } + $1[4...] }
    let problem = mismatch(
      trial.value, ReferenceArray([1, 5, 3, 8], expected), within: .scaled(relative: 1e-5, scaled: 1e-6))
    #expect(problem == nil)
  }
}
