import Support
import Testing

/// A twin with inputs to try it at.
struct TwinCase: Sendable, CustomTestStringConvertible {
  let name: String
  let twin: Twin
  let inputs: [ReferenceArray]

  var testDescription: String { name }

  init(_ name: String, _ twin: Twin, _ inputs: ReferenceArray...) {
    self.name = name
    self.twin = twin
    self.inputs = inputs
  }
}

@Suite struct TwinTests {
  @Test(arguments: elementwiseCases + reductionCases + layoutCases + productCases + networkCases)
  func gradientIsTheDerivative(_ sample: TwinCase) {
    var generator = SeededGenerator(seed: 99)
    let upstream = generator.normals(sample.twin.value(of: sample.inputs).shape)
    let gradients = sample.twin.gradients(of: sample.inputs, upstream: upstream)
    let numeric = sample.twin.numericGradients(of: sample.inputs, upstream: upstream)
    #expect(gradients.count == sample.inputs.count)
    for (analytic, numeric) in zip(gradients, numeric) {
      let bounds = analytic.values.map { 1e-7 * max(1, abs($0)) }
      #expect(mismatch(numeric, analytic, within: .bounds(bounds)) == nil)
    }
  }

  @Test func aWrongGradientIsNoticed() {
    let wrong = Twin(value: Twin.exponential.value(of:), pullback: { _, upstream in [upstream] })
    let x = ReferenceArray([2], [0.5, -0.25])
    let upstream = ReferenceArray([2], [1.0, 1.0])
    let numeric = wrong.numericGradients(of: [x], upstream: upstream)[0]
    #expect(
      mismatch(wrong.gradients(of: [x], upstream: upstream)[0], numeric, within: .elementwise(relative: 1e-7)) != nil)
  }
}

private func normals(_ shape: Int..., seed: UInt64 = 1, mean: Double = 0) -> ReferenceArray {
  var generator = SeededGenerator(seed: seed &+ UInt64(shape.count))
  return generator.normals(shape, mean: mean)
}

private func positives(_ shape: Int...) -> ReferenceArray {
  var generator = SeededGenerator(seed: 5)
  return generator.uniforms(shape, in: 0.2..<3)
}

private let elementwiseCases: [TwinCase] = [
  TwinCase("add", .add, normals(3, 4), normals(4, seed: 2)),
  TwinCase("subtract", .subtract, normals(3, 1), normals(2, 1, 4, seed: 2)),
  TwinCase("multiply", .multiply, normals(5), normals(2, 1, seed: 2)),
  TwinCase("divide", .divide, normals(3, 4), positives(1, 4)),
  TwinCase("swiglu", .swiglu, normals(3, 7), normals(3, 7, seed: 2)),
  TwinCase("negate", .negate, normals(5)),
  TwinCase("exponential", .exponential, normals(5)),
  TwinCase("logarithm", .logarithm, positives(5)),
  TwinCase("square", .square, normals(5)),
  TwinCase("square root", .squareRoot, positives(5)),
  TwinCase("power", .power(-1.5), positives(5)),
  TwinCase("relu", .relu, ReferenceArray([4], [-2.0, -0.01, 0.01, 2])),
  TwinCase("tanh", .tanh, normals(5)),
  TwinCase("sigmoid", .sigmoid, ReferenceArray([4], [-20.0, -0.5, 0.5, 20])),
  TwinCase("log-sigmoid", .logSigmoid, ReferenceArray([4], [-20.0, -0.5, 0.5, 20])),
  TwinCase("silu", .silu, ReferenceArray([4], [-20.0, -0.5, 0.5, 20])),
  TwinCase("gelu", .gelu, ReferenceArray([4], [-3.0, -0.5, 0.5, 3])),
]

private let reductionCases: [TwinCase] = [
  TwinCase("sum", .sum(), normals(3, 4)),
  TwinCase("sum over an axis", .sum(axes: [1]), normals(3, 4, 2)),
  TwinCase("mean", .mean(axes: [0, -1], keepsDimensions: true), normals(3, 4, 2)),
  TwinCase("maximum", .maximum(axes: [1]), normals(3, 4, 2)),
  TwinCase("log-sum-exp", .logSumExp(axes: [-1], keepsDimensions: true), normals(3, 4)),
  TwinCase("softmax", .softmax, normals(3, 5)),
  TwinCase("log-softmax", .logSoftmax, normals(3, 5)),
]

private let layoutCases: [TwinCase] = [
  TwinCase("reshape", .reshape([2, 6]), normals(3, 4)),
  TwinCase("permute", .permute([2, 0, 1]), normals(2, 3, 4)),
  TwinCase("slice", .slice(axis: 1, 1..<3), normals(2, 4, 3)),
  TwinCase("concatenate", .concatenate(axis: 1), normals(2, 1, 3), normals(2, 4, 3), normals(2, 2, 3)),
  TwinCase("gather rows", .gatherRows(IntegerArray([2, 3], [0, 4, 4, 1, 0, 4])), normals(5, 3)),
  TwinCase("take along the last axis", .takeAlongLastAxis(IntegerArray([2, 3], [0, 3, 3, 1, 0, 1])), normals(2, 4)),
  TwinCase("choose", .choose(where: IntegerArray([2, 3], [1, 0, 0, 1, 1, 0])), normals(2, 3), normals(1, 1, seed: 2)),
]

private let productCases: [TwinCase] = [
  TwinCase("matmul", .matmul(), normals(3, 4), normals(4, 2)),
  TwinCase("matmul, first transposed", .matmul(transposeA: true), normals(4, 3), normals(4, 2)),
  TwinCase("matmul, second transposed", .matmul(transposeB: true), normals(3, 4), normals(2, 4)),
  TwinCase("matmul, both transposed", .matmul(transposeA: true, transposeB: true), normals(4, 3), normals(2, 4)),
  TwinCase("matmul, batched", .matmul(), normals(2, 1, 3, 4), normals(3, 4, 2)),
  TwinCase("linear", .linear(), normals(2, 3, 4), normals(5, 4), normals(5)),
  TwinCase("linear, input-major", .linear(inputMajor: true), normals(2, 3, 4), normals(4, 5)),
]

private let networkCases: [TwinCase] = [
  TwinCase("RMS norm", .rmsNorm(epsilon: 1e-5), normals(3, 5), normals(5, mean: 1)),
  TwinCase("layer norm", .layerNorm(epsilon: 1e-5), normals(3, 5), normals(5, mean: 1), normals(5, seed: 2)),
  TwinCase(
    "rotary",
    .rotary(
      positions: IntegerArray([2, 3], [0, 1, 2, 0, 1, 0]), frequencies: rotaryFrequencies(dimension: 4, base: 100)),
    normals(2, 3, 2, 4)),
  TwinCase(
    "attention", .attention(documentStarts: IntegerArray([2, 4], [0, 0, 0, 0, 0, 0, 2, 2])),
    normals(2, 4, 4, 3), normals(2, 4, 2, 3, seed: 2), normals(2, 4, 2, 3, seed: 3)),
  TwinCase(
    "attention, some keys hidden",
    .attention(documentStarts: IntegerArray([1, 4], [0, 0, 0, 0]), hidden: [0..<0, 0..<0, 0..<1, 1..<3]),
    normals(1, 4, 2, 3), normals(1, 4, 1, 3, seed: 2), normals(1, 4, 1, 3, seed: 3)),
  TwinCase(
    "attention to keys on both sides",
    .attention(visible: [0..<3, 1..<4, 0..<4, 3..<4], hidden: [1..<2, 2..<2, 3..<4, 0..<0]),
    normals(1, 4, 2, 3), normals(1, 4, 1, 3, seed: 2), normals(1, 4, 1, 3, seed: 3)),
  TwinCase("cross entropy", .crossEntropy(targets: IntegerArray([3], [1, -1, 0])), normals(3, 4)),
  TwinCase(
    "cross entropy of a head", .headCrossEntropy(targets: IntegerArray([3], [1, -1, 0])), normals(3, 4), normals(5, 4)),
]
