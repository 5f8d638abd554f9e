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
    let (y, inverse) = (Storage(repeating: .nan, count: rows * columns), Storage(repeating: .nan, count: rows))
    rmsNormForward(
      y.mutableBuffer, sum: nil, inverse: inverse.mutableBuffer, inputs.x.buffer, delta: nil, inputs.weight.buffer,
      epsilon: 1e-5)
    #expect(mismatch(y.elements, twin.value(inputs.x, inputs.weight), within: close) == nil)

    let expected = twin.gradients(of: [inputs.x, inputs.weight], upstream: inputs.dy)
    for mode in GradientMode.allCases {
      let (dx, dw) = (mode.start(inputs.carry), Storage(repeating: .nan, count: columns))
      let dy = Storage(inputs.dy.floats)
      rmsNormBackward(
        dx.mutableBuffer, dw: dw.mutableBuffer, dy.mutableBuffer, inputs.x.buffer, inputs.weight.buffer,
        inverse: inverse.buffer, residual: mode.residual(inputs.carry))
      // A row of one has almost the same norm whatever it is: its gradient is nothing but rounding.
      if columns > 1 { #expect(mismatch(dx.elements, mode.sum(expected[0], inputs.carry), within: close) == nil) }
      #expect(mismatch(dw.elements, expected[1], within: close) == nil)
      #expect(dy.elements == y.elements)
    }
  }

  @Test(arguments: shapes) func layerNorm(_ rows: Int, _ columns: Int) {
    let inputs = NormInputs(rows, columns)
    let twin = Twin.layerNorm(epsilon: Double(Float(1e-5)))
    let (y, statistics) = (Storage(repeating: .nan, count: rows * columns), Storage(repeating: .nan, count: 2 * rows))
    layerNormForward(
      y.mutableBuffer, sum: nil, statistics: statistics.mutableBuffer, inputs.x.buffer, delta: nil,
      inputs.weight.buffer, inputs.bias.buffer, epsilon: 1e-5)
    #expect(mismatch(y.elements, twin.value(inputs.x, inputs.weight, inputs.bias), within: close) == nil)

    let expected = twin.gradients(of: [inputs.x, inputs.weight, inputs.bias], upstream: inputs.dy)
    for mode in GradientMode.allCases {
      let (dx, dwdb) = (mode.start(inputs.carry), Storage(repeating: .nan, count: 2 * columns))
      let dy = Storage(inputs.dy.floats)
      layerNormBackward(
        dx.mutableBuffer, dwdb: dwdb.mutableBuffer, dy.mutableBuffer, inputs.x.buffer, inputs.weight.buffer,
        inputs.bias.buffer, statistics: statistics.buffer, residual: mode.residual(inputs.carry))
      // A row of one is constant: its gradient is nothing but rounding.
      if columns > 1 { #expect(mismatch(dx.elements, mode.sum(expected[0], inputs.carry), within: close) == nil) }
      #expect(mismatch(Array(dwdb.elements.prefix(columns)), expected[1], within: close) == nil)
      #expect(mismatch(Array(dwdb.elements.suffix(columns)), expected[2], within: close) == nil)
      #expect(dy.elements == y.elements)
    }
  }

  @Test(arguments: shapes) func aResidualIsAddedFirst(_ rows: Int, _ columns: Int) {
    let inputs = NormInputs(rows, columns)
    let total = Twin.add.value(inputs.x, inputs.delta).roundedToFloat()
    func output() -> (y: Storage, sum: Storage, statistics: Storage) {
      (
        Storage(repeating: .nan, count: total.count), Storage(repeating: .nan, count: total.count),
        Storage(repeating: .nan, count: 2 * rows)
      )
    }
    let rms = output()
    rmsNormForward(
      rms.y.mutableBuffer, sum: rms.sum.mutableBuffer, inverse: rms.statistics.mutableBuffer[0..<rows],
      inputs.x.buffer, delta: inputs.delta.buffer, inputs.weight.buffer, epsilon: 1e-5)
    #expect(mismatch(rms.sum.elements, total, within: .exact) == nil)
    #expect(mismatch(rms.y.elements, Twin.rmsNorm(epsilon: 1e-5).value(total, inputs.weight), within: close) == nil)
    let layer = output()
    layerNormForward(
      layer.y.mutableBuffer, sum: layer.sum.mutableBuffer, statistics: layer.statistics.mutableBuffer,
      inputs.x.buffer, delta: inputs.delta.buffer, inputs.weight.buffer, inputs.bias.buffer, epsilon: 1e-5)
    #expect(mismatch(layer.sum.elements, total, within: .exact) == nil)
    let expected = Twin.layerNorm(epsilon: 1e-5).value(total, inputs.weight, inputs.bias)
    #expect(mismatch(layer.y.elements, expected, within: close) == nil)
  }

  @Test(arguments: [0, 1e-20, 1e4, 1e15] as [Float]) func constantRows(_ value: Float) {
    let x = Storage(repeating: value, count: 20).buffer
    let ones = Storage(repeating: 1, count: 20).buffer
    let (y, statistics) = (Storage(repeating: .nan, count: 20), Storage(repeating: 0, count: 2))
    layerNormForward(
      y.mutableBuffer, sum: nil, statistics: statistics.mutableBuffer, x, delta: nil, ones, ones, epsilon: 1e-5)
    #expect(y.elements.allSatisfy { abs($0 - 1) <= 1e-3 * max(1, value * 1e-4) })
    rmsNormForward(
      y.mutableBuffer, sum: nil, inverse: statistics.mutableBuffer[0..<1], x, delta: nil, ones, epsilon: 1e-5)
    #expect(y.elements.allSatisfy { $0 >= 0 && $0 <= 1.000001 })
  }
}

/// What becomes of the gradient that is already there.
private enum GradientMode: CaseIterable {
  case overwrites, accumulates, carries

  func start(_ carry: ReferenceArray) -> Storage {
    self == .accumulates ? Storage(carry.floats) : Storage(repeating: .nan, count: carry.count)
  }

  func residual(_ carry: ReferenceArray) -> ResidualGradient {
    switch self {
    case .overwrites: .zero
    case .accumulates: .inPlace
    case .carries: .carried(carry.buffer)
    }
  }

  func sum(_ gradient: ReferenceArray, _ carry: ReferenceArray) -> ReferenceArray {
    self == .overwrites ? gradient : Twin.add.value(gradient, carry)
  }
}
