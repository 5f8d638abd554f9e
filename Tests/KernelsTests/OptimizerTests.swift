import Foundation
import Kernels
import Numerics
import Support
import Testing

@Suite struct OptimizerTests {
  /// Ten steps beside the twin; the last of each kind has no gradient at all.
  @Test(arguments: [(1, 0.9, 0.999, 1e-8, 0.1), (17, 0.9, 0.95, 1e-8, 0), (50_003, 0, 0.999999, 1e-6, 0.01)])
  func tenSteps(_ count: Int, _ beta1: Double, _ beta2: Double, _ epsilon: Double, _ decay: Double) {
    var generator = SeededGenerator(seed: 1)
    let rounded = { (x: Double) in Double(Float(x)) }
    var twin = ReferenceAdamW(
      count: count, learningRate: rounded(0.01), betas: (rounded(beta1), rounded(beta2)), epsilon: rounded(epsilon),
      weightDecay: rounded(decay))
    var expected = generator.normals([count]).values
    var p = expected.map(Float.init)
    var (m, v) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
    for t in 1...10 {
      let gradient = t == 10 ? .zeros([count]) : generator.normals([count])
      twin.update(&expected, gradient: gradient.values.map { $0 * 0.5 })
      let step = AdamWStep(
        learningRate: 0.01, beta1: Float(beta1), beta2: Float(beta2), epsilon: Float(epsilon),
        correction1: Float(1 - pow(rounded(beta1), Double(t))), correction2: Float(1 - pow(rounded(beta2), Double(t))),
        gradientScale: 0.5)
      adamWUpdate(&p, &m, &v, gradient.floats, step: step, decay: Float(decay), count)
      #expect(
        mismatch(p, ReferenceArray([count], expected), within: .elementwise(relative: 1e-6, absolute: 1e-6)) == nil)
      #expect(mismatch(m, ReferenceArray([count], twin.first), within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil)
      #expect(mismatch(v, ReferenceArray([count], twin.second), within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil)
    }
  }

  @Test func noGradientAtAllIsDecayAlone() {
    var (p, m, v): ([Float], [Float], [Float]) = ([1, -2], [0, 0], [0, 0])
    let step = AdamWStep(
      learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, correction1: 0.1, correction2: 0.001, gradientScale: 1
    )
    adamWUpdate(&p, &m, &v, [0, 0], step: step, decay: 0.5, 2)
    #expect(p == [0.95, -1.9] && m == [0, 0] && v == [0, 0])
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
      #expect([down, down + 1].contains(UInt32(rounded.bits)), "\(rounded.value) for \(value)")
      if value.bitPattern & 0xFFFF == 0 { #expect(rounded.value == value) }
    }
    #expect(zip(m, exact.m).contains { $0.value.magnitude < $1.magnitude })
    #expect(zip(m, exact.m).contains { $0.value.magnitude > $1.magnitude })
  }

  /// The mean of n roundings is at most five of its standard deviations off, which are at most half a step / sqrt(n).
  @Test func halvesAreRightOnAverage() {
    let (count, repeats) = (97, 4096)
    let case16 = HalvesCase(count: count)
    let exact = case16.floats()
    var sums = [Double](repeating: 0, count: 2 * count)
    for seed in 0..<repeats {
      let (_, m, v) = case16.halves(seed: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15)
      for (index, half) in (m + v).enumerated() { sums[index] += Double(half.value) }
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
  let (p, gradient): ([Float], [Float])
  let (m, v): ([BFloat16], [BFloat16])
  private let step = AdamWStep(
    learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, correction1: 0.1, correction2: 0.001,
    gradientScale: 0.7)

  init(count: Int) {
    var generator = SeededGenerator(seed: 11)
    p = generator.normals([count]).floats
    gradient = generator.normals([count]).floats
    m = generator.normals([count]).floats.map { BFloat16(bits: UInt16($0.bitPattern >> 16)) }
    v = generator.normals([count]).floats.map { BFloat16(bits: UInt16(($0 * $0).bitPattern >> 16)) }
  }

  func floats() -> (p: [Float], m: [Float], v: [Float]) {
    var (p, m, v) = (p, m.map(\.value), v.map(\.value))
    adamWUpdate(&p, &m, &v, gradient, step: step, decay: 0.1, p.count)
    return (p, m, v)
  }

  func halves(seed: UInt64) -> (p: [Float], m: [BFloat16], v: [BFloat16]) {
    var (p, m, v) = (p, m, v)
    adamWUpdate(&p, &m, &v, gradient, step: step, decay: 0.1, seed: seed, p.count)
    return (p, m, v)
  }
}
