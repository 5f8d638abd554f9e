import Foundation
import Kernels
import Support
import Testing

@Suite struct OptimizerTests {
  /// Ten steps beside the twin; the last of each kind has no gradient at all. 1 - 0.999999 is no difference of two floats.
  @Test(arguments: [(1, 0.9, 0.999, 1e-8, 0.1), (17, 0.9, 0.95, 1e-8, 0), (50_003, 0, 0.999999, 1e-6, 0.01)])
  func tenSteps(_ count: Int, _ beta1: Double, _ beta2: Double, _ epsilon: Double, _ decay: Double) {
    var generator = SeededGenerator(seed: 1)
    let rounded = { (x: Double) in Double(Float(x)) }
    var twin = ReferenceAdamW(
      count: count, learningRate: rounded(0.01), betas: (beta1, beta2), epsilon: rounded(epsilon),
      weightDecay: rounded(decay))
    var expected = generator.normals([count]).values
    let p = Storage(expected.map(Float.init))
    let (m, v) = (Storage(repeating: 0, count: count), Storage(repeating: 0, count: count))
    for t in 1...10 {
      let gradient = t == 10 ? .zeros([count]) : generator.normals([count])
      twin.update(&expected, gradient: gradient.values.map { $0 * 0.5 })
      let step = AdamWStep(
        learningRate: 0.01, beta1: beta1, beta2: beta2, epsilon: Float(epsilon),
        correction1: Float(1 - pow(beta1, Double(t))), correction2: Float(1 - pow(beta2, Double(t))),
        gradientScale: 0.5)
      adamWUpdate(p.mutableBuffer, m.mutableBuffer, v.mutableBuffer, gradient.buffer, step: step, decay: Float(decay))
      let close = Tolerance.scaled(relative: 2e-6, scaled: 1e-6)
      let weights = ReferenceArray([count], expected)
      #expect(mismatch(p.elements, weights, within: .elementwise(relative: 1e-6, absolute: 1e-6)) == nil)
      #expect(mismatch(m.elements, ReferenceArray([count], twin.first), within: close) == nil)
      #expect(mismatch(v.elements, ReferenceArray([count], twin.second), within: close) == nil)
    }
  }

  @Test func noGradientAtAllIsDecayAlone() {
    let (p, m, v) = (Storage([1, -2]), Storage([0, 0]), Storage([0, 0]))
    let step = AdamWStep(
      learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, correction1: 0.1, correction2: 0.001, gradientScale: 1
    )
    adamWUpdate(p.mutableBuffer, m.mutableBuffer, v.mutableBuffer, Buffer([0, 0]), step: step, decay: 0.5)
    #expect(p.elements == [0.95, -1.9] && m.elements == [0, 0] && v.elements == [0, 0])
  }

  /// The same step of the weights, and moments that are one of the two bfloat16 beside what they would be as floats.
  @Test func halvesAreTheFloatsRoundedUpOrDown() {
    let count = 20_011
    let case16 = HalvesCase(count: count)
    let (p, m, v) = case16.halves(seed: 7)
    let exact = case16.floats()
    #expect(p == exact.p)
    for (rounded, value) in zip(m + v, exact.m + exact.v) {
      let down = value.bitPattern >> 16
      #expect([down << 16, (down + 1) << 16].contains(rounded.bitPattern), "\(rounded) for \(value)")
      if value.bitPattern & 0xFFFF == 0 { #expect(rounded == value) }
    }
    #expect(zip(m, exact.m).contains { $0.magnitude < $1.magnitude })
    #expect(zip(m, exact.m).contains { $0.magnitude > $1.magnitude })
  }

  /// The mean of n roundings is at most five of its standard deviations off, which are at most half a step / sqrt(n).
  @Test func halvesAreRightOnAverage() {
    let (count, repeats) = (97, 4096)
    let case16 = HalvesCase(count: count)
    let exact = case16.floats()
    var sums = [Double](repeating: 0, count: 2 * count)
    for seed in 0..<repeats {
      let (_, m, v) = case16.halves(seed: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15)
      for (index, half) in (m + v).enumerated() { sums[index] += Double(half) }
    }
    for (sum, value) in zip(sums, exact.m + exact.v) {
      let down = value.bitPattern >> 16
      let step = Double((Float(bitPattern: (down + 1) << 16) - Float(bitPattern: down << 16)).magnitude)
      let error = (sum / Double(repeats) - Double(value)).magnitude
      #expect(error <= 2.5 * step / Double(repeats).squareRoot(), "\(value)")
    }
  }
}

/// One step from moments that bfloat16 can hold.
private struct HalvesCase {
  let (p, gradient, m, v): ([Float], [Float], [Float], [Float])
  private let step = AdamWStep(
    learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, correction1: 0.1, correction2: 0.001,
    gradientScale: 0.7)

  init(count: Int) {
    var generator = SeededGenerator(seed: 11)
    p = generator.normals([count]).floats
    gradient = generator.normals([count]).floats
    m = generator.normals([count]).floats.map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
    v = generator.normals([count]).floats.map { Float(bitPattern: ($0 * $0).bitPattern & 0xFFFF_0000) }
  }

  func floats() -> (p: [Float], m: [Float], v: [Float]) {
    let (p, m, v) = (Storage(p), Storage(m), Storage(v))
    adamWUpdate(p.mutableBuffer, m.mutableBuffer, v.mutableBuffer, Buffer(gradient), step: step, decay: 0.1)
    return (p.elements, m.elements, v.elements)
  }

  /// The moments are widened again afterwards.
  func halves(seed: UInt64) -> (p: [Float], m: [Float], v: [Float]) {
    let (p, m, v) = (Storage(p), BFloat16Array(m), BFloat16Array(v))
    adamWUpdate(p.mutableBuffer, m, v, Buffer(gradient), step: step, decay: 0.1, seed: seed)
    return (p.elements, m.elements, v.elements)
  }
}
