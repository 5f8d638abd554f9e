import Foundation
import Kernels
import Support
import Testing

/// A kernel that maps each number, its gradient, and their twin.
struct ElementaryCase: Sendable, CustomTestStringConvertible {
  typealias Forward = @Sendable (MutableBuffer, Buffer) -> Void
  typealias Backward = @Sendable (MutableBuffer, Buffer, Buffer) -> Void
  let testDescription: String
  let twin: Twin
  /// Where the value is within 4 units in the last place.
  let range: Range<Double>
  let forward: Forward
  let backward: Backward?
  /// The rounding error allowed to the gradient, relative to the largest that the function has.
  let scaled: Double

  init(
    _ name: String, _ twin: Twin, _ range: Range<Double>, _ forward: @escaping Forward, _ backward: Backward?,
    scaled: Double = 0
  ) {
    testDescription = name
    self.twin = twin
    self.range = range
    self.forward = forward
    self.backward = backward
    self.scaled = scaled
  }
}

/// The kernel writes over x and dy.
private func geluGradient(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer) {
  copy(dx, x)
  geluBackward(dx, Storage(dy.elements).mutableBuffer)
}

private let cases = [
  ElementaryCase("exp", .exponential, -86..<88.7, exponentialForward, nil),
  ElementaryCase("log", .logarithm, 1e-37..<3e38, logarithmForward, nil),
  ElementaryCase("log near 1", .logarithm, 0.5..<2, logarithmForward, nil),
  ElementaryCase("sqrt", .squareRoot, 0..<3e38, squareRootForward, nil),
  ElementaryCase("relu", .relu, -10..<10, reluForward, reluBackward),
  ElementaryCase("sigmoid", .sigmoid, -86..<100, logisticForward, logisticBackward),
  ElementaryCase("tanh", .tanh, -40..<40, tanhForward, tanhBackward),
  ElementaryCase("tanh near 0", .tanh, -0.7..<0.7, tanhForward, tanhBackward),
  ElementaryCase("logSigmoid", .logSigmoid, -1e4..<86, logLogisticForward, logLogisticBackward),
  ElementaryCase("logSigmoid near 0", .logSigmoid, -1..<1, logLogisticForward, logLogisticBackward),
  ElementaryCase("silu", .silu, -80..<1e4, siluForward, siluBackward, scaled: 1e-6),
  // The argument of the exponential is a rounded polynomial, so what is relative at 0 becomes absolute far below it.
  ElementaryCase("gelu", .gelu, -1..<1e4, geluForward, geluGradient, scaled: 3e-6),
]

private let specials: [(String, [Float])] = [
  ("exp", [0, 0, 0, 1, 1, 1, .infinity, .infinity, .infinity, .nan]),
  ("log", [.nan, .nan, .nan, -.infinity, -.infinity, -92.188576, 9.2103404, 69.077554, .infinity, .nan]),
  ("sqrt", [.nan, .nan, .nan, -0.0, 0, 9.583084e-21, 100, 1e15, .infinity, .nan]),
  ("relu", [0, 0, 0, -0.0, 0, 0x1p-133, 1e4, 1e30, .infinity, .nan]),
  ("sigmoid", [0, 0, 0, 0.5, 0.5, 0.5, 1, 1, 1, .nan]),
  ("tanh", [-1, -1, -1, -0.0, 0, 0x1p-133, 1, 1, 1, .nan]),
  ("logSigmoid", [-.infinity, -1e30, -1e4, -0.6931472, -0.6931472, -0.6931472, 0, 0, 0, .nan]),
]

@Suite struct ElementaryTests {
  @Test(arguments: cases) func valuesAreWithinFourUnits(_ sample: ElementaryCase) {
    var generator = SeededGenerator(seed: 5)
    for count in [1, 7, 16, 17, 1000, 100_003] {
      let x = generator.uniforms([count], in: sample.range)
      let y = Storage(repeating: .nan, count: count)
      sample.forward(y.mutableBuffer, x.buffer)
      #expect(mismatch(y.elements, sample.twin.value(x), within: .ulps(4)) == nil)
    }
  }

  @Test(arguments: cases.filter { $0.backward != nil })
  func gradientsAgreeWithTheTwin(_ sample: ElementaryCase) throws {
    let backward = try #require(sample.backward)
    var generator = SeededGenerator(seed: 6)
    for count in [1, 7, 16, 17, 1000, 40_000] {
      let x = generator.uniforms([count], in: max(-30, sample.range.lowerBound)..<min(30, sample.range.upperBound))
      let dy = generator.uniforms([count], in: 0.5..<2)
      let dx = Storage(repeating: .nan, count: count)
      backward(dx.mutableBuffer, dy.buffer, x.buffer)
      let expected = sample.twin.gradients(of: [x], upstream: dy)[0]
      #expect(mismatch(dx.elements, expected, within: .scaled(relative: 6e-7, scaled: sample.scaled)) == nil)
    }
  }

  @Test(arguments: cases.filter { $0.range.contains(1e-3) })
  func tinyNumbersAndLogarithmicallyManySizes(_ sample: ElementaryCase) {
    let sizes = stride(from: -37.0, to: min(38, log10(sample.range.upperBound)), by: 0.01).map { Float(pow(10, $0)) }
    let x = ReferenceArray([2 * sizes.count], sizes + sizes.map { sample.range.lowerBound < 0 ? max(-0.5, -$0) : $0 })
    let y = Storage(repeating: .nan, count: x.count)
    sample.forward(y.mutableBuffer, x.buffer)
    // What is smaller than the smallest normal number may become zero.
    let expected = sample.twin.value(x)
    let bounds = expected.values.map { max(4 * Double(Float($0).ulp), Double(Float.leastNormalMagnitude)) }
    #expect(mismatch(y.elements, expected, within: .bounds(bounds)) == nil)
  }

  /// What each function gives for -inf, -1e30, -1e4, -0, 0, a denormal, 1e4, 1e30, inf and not a number.
  @Test(arguments: specials)
  func specialValues(_ name: String, _ expected: [Float]) throws {
    let x: [Float] = [-.infinity, -1e30, -1e4, -0.0, 0, 0x1p-133, 1e4, 1e30, .infinity, .nan]
    let sample = try #require(cases.first { $0.testDescription == name })
    let y = Storage(repeating: 7, count: x.count)
    sample.forward(y.mutableBuffer, Buffer(x))
    for (i, (a, e)) in zip(y.elements, expected).enumerated() {
      #expect(a == e || (a.isNaN && e.isNaN) || abs(a - e) <= 4 * e.ulp, "\(name)(\(x[i])) is \(a), not \(e)")
    }
  }

  @Test(arguments: [-3, -1.5, -0.5, 0, 0.5, 1, 2, 3, 7.25] as [Float])
  func powers(_ exponent: Float) {
    var generator = SeededGenerator(seed: 7)
    for count in [1, 17, 1000, 5000] {
      let x = generator.uniforms([count], in: exponent == exponent.rounded() ? -4..<4 : 0.01..<4)
      let y = Storage(repeating: .nan, count: count)
      powerForward(y.mutableBuffer, x.buffer, exponent: exponent)
      #expect(mismatch(y.elements, Twin.power(Double(exponent)).value(x), within: .ulps(1)) == nil)
    }
  }

  @Test func swiGLU() {
    var generator = SeededGenerator(seed: 8)
    for (rows, width) in [(1, 1), (3, 7), (2, 16), (5, 17), (70, 1000)] {
      let (gate, up) = (generator.normals([rows, width], deviation: 4), generator.normals([rows, width]))
      let x = ReferenceArray.concatenated([gate, up], axis: 1)
      let dy = generator.normals([rows, width])
      let y = Storage(repeating: .nan, count: rows * width)
      swiGLUForward(y.mutableBuffer, x.buffer, width: width)
      let (dx, again) = (Storage(x.floats), Storage(dy.floats))
      swiGLUBackward(dx.mutableBuffer, again.mutableBuffer, width: width)
      #expect(again.elements == y.elements)
      let gradients = Twin.swiglu.gradients(of: [gate, up], upstream: dy)
      #expect(mismatch(y.elements, Twin.swiglu.value(gate, up), within: .elementwise(relative: 6e-7)) == nil)
      let expected = ReferenceArray.concatenated(gradients, axis: 1)
      #expect(mismatch(dx.elements, expected, within: .scaled(relative: 6e-7, scaled: 1e-6)) == nil)
    }
  }

  @Test func gatesAtTheEnds() {
    let x: [Float] = [-1e4, -100, 100, 1e4]
    let (y, ones) = (Storage(repeating: .nan, count: 4), Buffer([1, 1, 1, 1]))
    geluForward(y.mutableBuffer, Buffer(x))
    #expect(y.elements == [0, 0, 100, 1e4])
    geluGradient(y.mutableBuffer, ones, Buffer(x))
    #expect(y.elements == [0, 0, 1, 1])
    let (dx, again) = (Storage(x), Storage(repeating: 1, count: 4))
    geluBackward(dx.mutableBuffer, again.mutableBuffer)
    #expect(again.elements == [0, 0, 100, 1e4])
    siluBackward(y.mutableBuffer, ones, Buffer(x))
    #expect(y.elements == [0, 0, 1, 1])
    swiGLUForward(y.mutableBuffer[0..<2], Buffer([-1e4, 1e4, 2, 2]), width: 2)
    #expect(Array(y.elements.prefix(2)) == [0, 2e4])
  }
}
