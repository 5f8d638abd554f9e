import Autograd
import Kernels
import Models
import Support
import Testing

@Suite struct EmbeddingNoiseTests {
  @Test func itIsEvenAndAsStrongAsTheDocumentIsShort() {
    let (length, channels, alpha) = (600, 32, 5.0)
    let noise = EmbeddingNoise(alpha: alpha, seed: 3)
    let starts =
      [Int32](repeating: 0, count: 100) + [Int32](repeating: 100, count: 500) + [Int32](repeating: 0, count: 600)
    let layout = SequenceLayout(
      rows: 2, columns: length, positions: starts.enumerated().map { Int32($0 % length) - $1 }, documentStarts: starts)
    let zeros = Tensor(repeating: 0, shape: [2, length, channels])
    let values = noise.added(to: zeros, layout: layout).elements
    for (tokens, document) in [(0..<100, 100), (100..<600, 500), (600..<1200, 600)] {
      let strength = alpha / (Double(document) * Double(channels)).squareRoot()
      let part = values[tokens.lowerBound * channels..<tokens.upperBound * channels].map { Double($0) / strength }
      #expect(part.allSatisfy { abs($0) <= 1.000001 })
      let mean = part.reduce(0, +) / Double(part.count)
      let square = part.reduce(0) { $0 + $1 * $1 } / Double(part.count)
      // Five standard deviations of the mean and of the mean square of an even distribution.
      #expect(abs(mean) < 5 * (1 / 3.0 / Double(part.count)).squareRoot())
      #expect(abs(square - 1 / 3.0) < 5 * (4 / 45.0 / Double(part.count)).squareRoot())
    }
    #expect(values == noise.added(to: zeros, layout: layout).elements)
    #expect(values != EmbeddingNoise(alpha: alpha, seed: 4).added(to: zeros, layout: layout).elements)
  }

  @Test(arguments: [0, 1]) func aModelSeesIt(_ index: Int) {
    let model = smallModels[index].makeModel(seed: 1)
    let tokens: [Int32] = [1, 2, 3, 4, 5, 6]
    func hidden(_ noise: EmbeddingNoise?) -> (value: [Float], gradient: Tensor?) {
      var value: [Float] = []
      let gradients = valueAndGradients(of: model.parameters) {
        let states = model.hiddenStates(
          tokens, shape: [2, 3], attention: .sequences(SequenceLayout(rows: 2, columns: 3)), recompute: false,
          noise: noise
        )
        value = states.elements
        return square(states).sum()
      }.gradients
      return (value, gradients[model.parameters[0]])
    }
    let (quiet, noisy) = (hidden(nil), hidden(EmbeddingNoise(alpha: 5, seed: 1)))
    #expect(quiet.value != noisy.value && noisy.gradient != nil)
    #expect(quiet.value == hidden(EmbeddingNoise(alpha: 0, seed: 1)).value)
  }
}
