import Kernels
import Support
import Testing

/// Inputs of a norm over `rows` rows.
private struct NormInputs {
  let x, delta, weight, bias, dy, carry: ReferenceArray

  init(_ rows: Int, _ columns: Int, seed: UInt64 = 1, mean: Double = 0.5) {
    var generator = SeededGenerator(seed: seed)
    x = generator.normals([rows, columns], mean: mean, deviation: 2)
    delta = generator.normals([rows, columns])
    weight = generator.normals([columns], mean: 1)
    bias = generator.normals([columns])
    dy = generator.normals([rows, columns])
    carry = generator.normals([rows, columns])
  }
}

private let close = Tolerance.scaled(relative: 1e-5, scaled: 1e-6)
private let shapes = [(1, 1), (3, 7), (2, 16), (5, 17), (33, 64), (40, 1000), (300, 96)]

@Suite struct NormTests {
  @Test(arguments: shapes) func rmsNorm(_ rows: Int, _ columns: Int) {
    let inputs = NormInputs(rows, columns)
    let twin = Twin.rmsNorm(epsilon: Double(Float(1e-5)))
    var y = [Float](repeating: .nan, count: rows * columns)
    var inverse = [Float](repeating: .nan, count: rows)
    rmsNormForward(
      &y, sum: nil, inverse: &inverse, inputs.x.floats, delta: nil, inputs.weight.floats, epsilon: 1e-5, rows: rows,
      columns: columns)
    #expect(mismatch(y, twin.value(inputs.x, inputs.weight), within: close) == nil)

    let expected = twin.gradients(of: [inputs.x, inputs.weight], upstream: inputs.dy)
    for mode in GradientMode.allCases {
      var dx = mode.start(inputs.carry)
      var dw = [Float](repeating: .nan, count: columns)
      var dy = inputs.dy.floats
      let carry = inputs.carry.floats
      carry.withUnsafeBufferPointer { carry in
        rmsNormBackward(
          &dx, dw: &dw, &dy, inputs.x.floats, inputs.weight.floats, inverse: inverse,
          carry: mode == .carries ? carry.baseAddress : nil, rows: rows, columns: columns,
          accumulateX: mode == .accumulates)
      }
      // A row of one has almost the same norm whatever it is: its gradient is nothing but rounding.
      if columns > 1 { #expect(mismatch(dx, mode.sum(expected[0], inputs.carry), within: close) == nil) }
      #expect(mismatch(dw, expected[1], within: close) == nil)
      #expect(dy == y)
    }
  }

  @Test(arguments: shapes) func layerNorm(_ rows: Int, _ columns: Int) {
    let inputs = NormInputs(rows, columns)
    let twin = Twin.layerNorm(epsilon: Double(Float(1e-5)))
    var y = [Float](repeating: .nan, count: rows * columns)
    var (mean, inverse) = ([Float](repeating: .nan, count: rows), [Float](repeating: .nan, count: rows))
    layerNormForward(
      &y, sum: nil, mean: &mean, inverse: &inverse, inputs.x.floats, delta: nil, inputs.weight.floats,
      inputs.bias.floats, epsilon: 1e-5, rows: rows, columns: columns)
    #expect(mismatch(y, twin.value(inputs.x, inputs.weight, inputs.bias), within: close) == nil)

    let expected = twin.gradients(of: [inputs.x, inputs.weight, inputs.bias], upstream: inputs.dy)
    for mode in GradientMode.allCases {
      var dx = mode.start(inputs.carry)
      var dwdb = [Float](repeating: .nan, count: 2 * columns)
      var dy = inputs.dy.floats
      let carry = inputs.carry.floats
      carry.withUnsafeBufferPointer { carry in
        layerNormBackward(
          &dx, dwdb: &dwdb, &dy, inputs.x.floats, inputs.weight.floats, inputs.bias.floats, mean: mean,
          inverse: inverse, carry: mode == .carries ? carry.baseAddress : nil, rows: rows, columns: columns,
          accumulateX: mode == .accumulates)
      }
      // A row of one is constant: its gradient is nothing but rounding.
      if columns > 1 { #expect(mismatch(dx, mode.sum(expected[0], inputs.carry), within: close) == nil) }
      #expect(mismatch(Array(dwdb.prefix(columns)), expected[1], within: close) == nil)
      #expect(mismatch(Array(dwdb.suffix(columns)), expected[2], within: close) == nil)
      #expect(dy == y)
    }
  }

  @Test(arguments: shapes) func aResidualIsAddedFirst(_ rows: Int, _ columns: Int) {
    let inputs = NormInputs(rows, columns)
    let total = Twin.add.value(inputs.x, inputs.delta).roundedToFloat()
    var (y, sum) = ([Float](repeating: .nan, count: total.count), [Float](repeating: .nan, count: total.count))
    var (mean, inverse) = ([Float](repeating: .nan, count: rows), [Float](repeating: .nan, count: rows))
    rmsNormForward(
      &y, sum: &sum, inverse: &inverse, inputs.x.floats, delta: inputs.delta.floats, inputs.weight.floats,
      epsilon: 1e-5, rows: rows, columns: columns)
    #expect(mismatch(sum, total, within: .exact) == nil)
    #expect(mismatch(y, Twin.rmsNorm(epsilon: 1e-5).value(total, inputs.weight), within: close) == nil)
    layerNormForward(
      &y, sum: &sum, mean: &mean, inverse: &inverse, inputs.x.floats, delta: inputs.delta.floats,
      inputs.weight.floats, inputs.bias.floats, epsilon: 1e-5, rows: rows, columns: columns)
    #expect(mismatch(sum, total, within: .exact) == nil)
    let expected = Twin.layerNorm(epsilon: 1e-5).value(total, inputs.weight, inputs.bias)
    #expect(mismatch(y, expected, within: close) == nil)
  }

  @Test(arguments: [0, 1e-20, 1e4, 1e15] as [Float]) func constantRows(_ value: Float) {
    let x = [Float](repeating: value, count: 20)
    let ones = [Float](repeating: 1, count: 20)
    var (y, mean, inverse) = (x, [Float(0)], [Float(0)])
    layerNormForward(
      &y, sum: nil, mean: &mean, inverse: &inverse, x, delta: nil, ones, ones, epsilon: 1e-5, rows: 1, columns: 20)
    #expect(y.allSatisfy { abs($0 - 1) <= 1e-3 * max(1, value * 1e-4) })
    rmsNormForward(&y, sum: nil, inverse: &inverse, x, delta: nil, ones, epsilon: 1e-5, rows: 1, columns: 20)
    #expect(y.allSatisfy { $0 >= 0 && $0 <= 1.000001 })
  }
}

/// What becomes of the gradient that is already there.
private enum GradientMode: CaseIterable {
  case overwrites, accumulates, carries

  func start(_ carry: ReferenceArray) -> [Float] {
    self == .accumulates ? carry.floats : [Float](repeating: .nan, count: carry.count)
  }

  func sum(_ gradient: ReferenceArray, _ carry: ReferenceArray) -> ReferenceArray {
    self == .overwrites ? gradient : Twin.add.value(gradient, carry)
  }
}
