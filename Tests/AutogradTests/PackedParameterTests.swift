import Autograd
import Kernels
import Support
import Testing

@Suite struct PackedParameterTests {
  private let x: Parameter
  private let floats: Parameter
  private let packed: Parameter
  private let bias = Parameter(Tensor([Float](repeating: 0.25, count: 96), shape: [96]))

  init() {
    var generator = SeededGenerator(seed: 1)
    let weights = generator.normals([96, 64], deviation: 0.3).floats
    let matrix = PackedWeight(columns: 64, [(40, .q40), (24, .bfloat16), (32, .q80)])
    for run in matrix.runs {
      let part = Tensor(
        Array(weights[run.rows.lowerBound * 64..<run.rows.upperBound * 64]), shape: [run.rows.count, 64])
      precondition(matrix.assign(run.rows, part.buffer) == nil)
    }
    packed = Parameter(undefined: [96, 64], sections: [.init("a", rows: 40), .init("b", rows: 56)])
    packed.pack(matrix)
    floats = Parameter(packed.value)
    floats.isTrained = false
    x = Parameter(Tensor(generator.normals([5, 64]).floats, shape: [5, 64]))
  }

  @Test func isFrozenAndKnowsItsShape() {
    #expect(packed.shape == [96, 64] && !packed.isTrained && packed.sections.count == 2)
    #expect(packed.value(ofRows: 40..<96).elements == Array(floats.value.elements[40 * 64..<96 * 64]))
    #expect(Gradients(of: [packed, x]).parameters.count == 1)
  }

  /// Every operation gives what it gives with the floats that the bits stand for, and the same gradients, bit for bit.
  @Test func operationsAreThoseOfTheFloats() {
    let (x, bias) = (x, bias)
    let targets: [Int32] = [3, 95, -1, 0, 40]
    let losses: [(Parameter) -> Tensor] = [
      { square(linear(x.tensor, $0, bias: bias.tensor)).sum() },
      { weight in square(linear(linear(x.tensor, weight), weight, layout: .inputsByOutputs)).sum() },
      { headCrossEntropy(x.tensor, Weight($0), targets: targets) },
      { 3 * headCrossEntropy(x.tensor, Weight($0), targets: targets) },
      { headLogProbabilities(x.tensor, Weight($0), targets: targets).sum() },
      { headLogProbabilities(x.tensor, Weight($0), targets: targets, keepingAtMost: 0).sum() },
      { square(embedding($0, [0, 95, 41], shape: [3]) + x.tensor.sum()).sum() },
      { square(linear(x.tensor.reshaped(to: [5, 1, 64]), $0)).sum() },
    ]
    for (index, loss) in losses.enumerated() {
      let expected = valueAndGradients(of: [x, bias]) { loss(floats) }
      let found = valueAndGradients(of: [x, bias]) { loss(packed) }
      #expect(found.value.elements == expected.value.elements, "loss \(index)")
      #expect(found.gradients[x]?.elements == expected.gradients[x]?.elements, "loss \(index)")
      #expect(found.gradients[bias]?.elements == expected.gradients[bias]?.elements, "loss \(index)")
      #expect(found.gradients[x] != nil, "loss \(index)")
    }
  }

  @Test func theGradientOfTheInputIsThatOfTheFormula() {
    let gradient = valueAndGradients(of: [x]) { linear(x.tensor, packed).sum() }.gradients[x]!.elements
    let weights = floats.value.elements
    for column in 0..<64 {
      let sum = (0..<96).reduce(0.0) { $0 + Double(weights[$1 * 64 + column]) }
      #expect(abs(Double(gradient[column]) - sum) < 1e-5)
    }
  }

  @Test func nothingOfTheInputIsKept() {
    weak var kept: Storage?
    let value = valueAndGradients(of: [x]) {
      func product() -> Tensor {
        let input = 2 * x.tensor
        kept = input.storage
        return linear(input, packed)
      }
      let y = product()
      #expect(kept == nil)
      return y.sum()
    }.value
    #expect(value.scalar.isFinite)
  }

  @Test func anUndefinedParameterTakesNoMemoryBeforeItIsUsed() {
    let before = Memory.usage.live
    let parameter = Parameter(undefined: [1 << 20, 64])
    #expect(parameter.shape.count == 1 << 26)
    // Other tests run meanwhile, none of which takes as much.
    #expect(Memory.usage.live < before + 200 << 20)
  }
}
