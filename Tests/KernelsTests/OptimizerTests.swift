import Foundation
import Kernels
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
}
