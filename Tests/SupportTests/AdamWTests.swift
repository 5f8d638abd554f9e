import Support
import Testing

@Suite struct AdamWTests {
  @Test func threeSteps() {
    var optimizer = ReferenceAdamW(count: 1, learningRate: 0.1, weightDecay: 0.1)
    var parameter = [1.0]
    for (gradient, expected) in [(0.5, 0.8900000020), (-0.25, 0.8544662987), (1, 0.7801104767)] {
      optimizer.update(&parameter, gradient: [gradient])
      #expect(abs(parameter[0] - expected) < 1e-10)
    }
  }

  @Test func clippingScalesToTheLimit() {
    var gradients = [[3.0], [0, 4]]
    #expect(clipGlobalNorm(&gradients, to: 10) == 5)
    #expect(gradients == [[3], [0, 4]])
    #expect(clipGlobalNorm(&gradients, to: 1) == 5)
    #expect(abs(gradients[1][1] - 0.8) < 1e-6)
  }
}
