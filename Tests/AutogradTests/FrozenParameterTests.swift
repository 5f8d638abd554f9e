import Autograd
import Kernels
import Testing

@Suite struct FrozenParameterTests {
  /// Parameters that every test has: x is trained, a product with `weight` follows.
  private let x = Parameter(Tensor([1, -2, 3, 0.5], shape: [2, 2]))
  private let weight = Parameter(Tensor([0.5, 1, -1, 2, 0.25, 3], shape: [3, 2]))
  private let vector = Parameter(Tensor([1.5, -0.5], shape: [2]))
  private let bias = Parameter(Tensor([0.1, 0.2], shape: [2]))

  @Test(arguments: [true, false]) func aLinearLayerKeepsItsInputForATrainedWeightOnly(_ isTrained: Bool) {
    weight.isTrained = isTrained
    weak var kept: Storage?
    let gradients = valueAndGradients(of: [x, weight]) {
      func product() -> Tensor {
        let input = 2 * x.tensor
        kept = input.storage
        return linear(input, weight.tensor)
      }
      let y = product()
      #expect((kept != nil) == isTrained)
      return y.sum()
    }.gradients
    #expect((gradients[weight] != nil) == isTrained)
    // Twice the sums of the weight's columns: 2 (0.5 - 1 + 0.25) and 2 (1 + 2 + 3).
    #expect(gradients[x]!.elements == [-0.5, 12, -0.5, 12])
  }

  /// With frozen weights an operation gives its input the same gradient, bit for bit, and the weights none.
  @Test func frozenWeightsDoNotChangeTheGradientOfTheInput() {
    let (x, weight, vector, bias) = (x, weight, vector, bias)
    let losses: [() -> Tensor] = [
      { square(linear(x.tensor, weight.tensor)).sum() },
      { square(linear(x.tensor, weight.tensor.transposed(), layout: .inputsByOutputs)).sum() },
      { square(rmsNorm(x.tensor, vector.tensor, epsilon: 1e-5)).sum() },
      { square(layerNorm(x.tensor, vector.tensor, bias.tensor, epsilon: 1e-5)).sum() },
      { square(addAndRMSNorm(x.tensor, x.tensor, vector.tensor, epsilon: 1e-5).normalized).sum() },
      { square(addAndLayerNorm(x.tensor, x.tensor, vector.tensor, bias.tensor, epsilon: 1e-5).normalized).sum() },
      { headCrossEntropy(x.tensor, weight.tensor, targets: [2, 0]) * 0.5 },
      { 3 * headCrossEntropy(x.tensor, weight.tensor, targets: [2, -1]) },
      { headLogProbabilities(x.tensor, weight.tensor, targets: [2, 0]).sum() },
      { headLogProbabilities(x.tensor, weight.tensor, targets: [2, -1], keepingAtMost: 0).sum() },
      { square(embedding(weight.tensor, [0, 2], shape: [2]) + x.tensor).sum() },
    ]
    let weights = [weight, vector, bias]
    for (index, loss) in losses.enumerated() {
      let trained = valueAndGradients(of: [x] + weights, loss)
      for weight in weights { weight.isTrained = false }
      let frozen = valueAndGradients(of: [x] + weights, loss)
      for weight in weights { weight.isTrained = true }
      #expect(frozen.value.elements == trained.value.elements, "loss \(index)")
      #expect(frozen.gradients[x]!.elements == trained.gradients[x]!.elements, "loss \(index)")
      #expect(weights.contains { trained.gradients[$0] != nil }, "loss \(index)")
      #expect(frozen.gradients.parameters.count == 1 && weights.allSatisfy { frozen.gradients[$0] == nil })
    }
  }

  /// And the other way round: with a frozen input the weights have the same gradients.
  @Test func aFrozenInputDoesNotChangeTheGradientsOfTheWeights() {
    let (x, weight, vector, bias) = (x, weight, vector, bias)
    let losses: [() -> Tensor] = [
      { square(linear(x.tensor, weight.tensor)).sum() },
      { square(rmsNorm(x.tensor, vector.tensor, epsilon: 1e-5)).sum() },
      { square(addAndLayerNorm(x.tensor, x.tensor, vector.tensor, bias.tensor, epsilon: 1e-5).normalized).sum() },
      { headCrossEntropy(x.tensor, weight.tensor, targets: [2, 0]) * 0.5 },
      { headLogProbabilities(x.tensor, weight.tensor, targets: [2, 0]).sum() },
    ]
    let weights = [weight, vector, bias]
    for (index, loss) in losses.enumerated() {
      let trained = valueAndGradients(of: [x] + weights, loss).gradients
      x.isTrained = false
      let frozen = valueAndGradients(of: [x] + weights, loss).gradients
      x.isTrained = true
      #expect(frozen[x] == nil && trained[x] != nil)
      #expect(weights.map { frozen[$0]?.elements } == weights.map { trained[$0]?.elements }, "loss \(index)")
    }
  }

  @Test func aParameterThatIsFrozenLaterIsNotRecorded() {
    let gradients = Gradients(of: [x, vector])
    x.isTrained = false
    _ = gradients.add { (x.tensor * vector.tensor).sum() }
    #expect(gradients[x] == nil && gradients[vector]!.elements == [4, -1.5])
  }

  /// Where all parameters are frozen nothing is recorded, and a block that is recomputed computes no gradient for it.
  @Test func nothingIsRecordedBelowTheFirstTrainedParameter() {
    weight.isTrained = false
    var recordings: [Bool] = []
    let gradients = valueAndGradients(of: [x, weight, vector]) {
      let below = linear(2 * embedding(weight.tensor, [0, 2], shape: [2]), weight.tensor)
      #expect(!below.isRecorded)
      #expect(!recomputed([below]) { [2 * $0[0]] }[0].isRecorded)
      let results = recomputed([below.slice(0..<2, axis: 1)]) { inputs in
        recordings.append(inputs[0].isRecorded)
        return [2 * inputs[0], rmsNorm(inputs[0], vector.tensor, epsilon: 1e-5)]
      }
      #expect(!results[0].isRecorded && results[1].isRecorded)
      return (results[0] + results[1]).sum()
    }.gradients
    #expect(recordings == [false, false])
    #expect(gradients[vector] != nil && gradients[weight] == nil)
  }
}
