import Autograd
import Support
import Testing

/// Whether an operation agrees with its twin at the given inputs.
private func check(
  _ operation: @escaping Operation, _ twin: Twin, _ inputs: [ReferenceArray], _ comment: Comment? = nil,
  location: SourceLocation = #_sourceLocation
) {
  var generator = SeededGenerator(seed: 77)
  let value = twin.value(of: inputs)
  let upstream = generator.normals(value.shape)
  let gradients = twin.gradients(of: inputs, upstream: upstream)
  for isInside in [false, true] {
    let trial = Trial(operation, inputs, upstream: upstream, Trial.Setting(isInside: isInside))
    let found = problems(trial, value: value, gradients: gradients)
    #expect(found.isEmpty, comment, sourceLocation: location)
  }
}

/// Operations at sizes and in forms that were not recorded.
@Suite struct OperationTests {
  @Test func lengthsOfVectorTails() {
    var generator = SeededGenerator(seed: 1)
    let unary: [(Operation, Twin)] = [
      ({ exp($0[0]) }, .exponential), ({ tanh($0[0]) }, .tanh), ({ sigmoid($0[0]) }, .sigmoid),
      ({ silu($0[0]) }, .silu), ({ gelu($0[0]) }, .gelu), ({ logSigmoid($0[0]) }, .logSigmoid),
      ({ softmax($0[0]) }, .softmax), ({ logSoftmax($0[0]) }, .logSoftmax), ({ $0[0].sum() }, .sum()),
      ({ $0[0].mean() }, .mean()), ({ $0[0].max() }, .maximum()),
    ]
    for count in [1, 7, 16, 17, 1000] {
      let x = generator.normals([count])
      for (operation, twin) in unary { check(operation, twin, [x], "\(count)") }
      check({ log($0[0]) }, .logarithm, [x.map { $0 * $0 + 0.1 }.roundedToFloat()], "\(count)")
    }
  }

  @Test func numbersAsOperands() {
    let x = Tensor([1, 2, -4], shape: [3])
    #expect((x + 2).elements == [3, 4, -2] && (2 + x).elements == [3, 4, -2])
    #expect((x - 2).elements == [-1, 0, -6] && (2 - x).elements == [1, 0, 6])
    #expect((x * 2).elements == [2, 4, -8] && (2 * x).elements == [2, 4, -8])
    #expect((x / 2).elements == [0.5, 1, -2] && (2 / x).elements == [2, 1, -0.5])
    #expect((-x).elements == [-1, -2, 4])
  }

  @Test func empty() {
    let x = Tensor([], shape: [0, 3])
    #expect((x + Tensor([1, 2, 3], shape: [3])).shape == [0, 3])
    #expect(x.sum(over: [0]).elements == [0, 0, 0] && x.transposed().shape == [3, 0])
    #expect(exp(x).shape == [0, 3] && softmax(x).shape == [0, 3] && x.slice(0..<2, axis: 1).shape == [0, 2])
    #expect(matmul(x, Tensor(repeating: 1, shape: [3, 2])).shape == [0, 2])
    #expect(matmul(Tensor([], shape: [2, 0]), Tensor([], shape: [0, 2])).elements == [0, 0, 0, 0])
    let p = Parameter(x)
    #expect(valueAndGradients(of: [p]) { (p.tensor * 2).sum() }.gradients[p]?.shape == [0, 3])
  }

  @Test func reductionsOverEveryChoiceOfAxes() {
    var generator = SeededGenerator(seed: 2)
    let x = generator.normals([3, 4, 2, 5])
    for mask in 1..<16 {
      let axes = (0..<4).filter { mask >> $0 & 1 == 1 }
      for keeps in [false, true] {
        check({ $0[0].sum(over: axes, keepingDimensions: keeps) }, .sum(axes: axes, keepsDimensions: keeps), [x])
        check({ $0[0].mean(over: axes, keepingDimensions: keeps) }, .mean(axes: axes, keepsDimensions: keeps), [x])
        check({ $0[0].max(over: axes, keepingDimensions: keeps) }, .maximum(axes: axes, keepsDimensions: keeps), [x])
      }
    }
    check({ $0[0].sum(over: [-1]) }, .sum(axes: [3]), [x])
    #expect(Tensor(x).sum(over: []).elements == x.floats)
  }

  /// [1, 3, 3]: the gradient goes to the first 3.
  @Test func theFirstLargestGetsTheGradient() {
    let p = Parameter(Tensor([1, 3, 3], shape: [3]))
    let gradients = valueAndGradients(of: [p]) { p.tensor.max() }.gradients
    #expect(gradients[p]!.elements == [0, 1, 0])
    #expect(Tensor([1, .nan, 3], shape: [3]).max().scalar.isNaN)
  }

  @Test func broadcastingAndSwapping() {
    var generator = SeededGenerator(seed: 3)
    let x = generator.normals([2, 1, 3])
    let twin = Twin(
      value: { $0[0].broadcast(to: [4, 2, 5, 3]) },
      pullback: { inputs, upstream in [upstream.summed(to: inputs[0].shape)] })
    check({ $0[0].broadcast(to: [4, 2, 5, 3]) }, twin, [x])
    let y = generator.normals([3, 40, 2, 50])
    check({ $0[0].transposed() }, .permute([0, 1, 3, 2]), [y])
    check({ $0[0].transposed(1, -1) }, .permute([0, 3, 2, 1]), [y])
    check({ $0[0].permuted([0, 3, 1, 2]) }, .permute([0, 3, 1, 2]), [y])
    for axis in 0..<4 { check({ $0[0].slice(1..<2, axis: axis) }, .slice(axis: axis, 1..<2), [y]) }
    check({ $0[0].slice(1..<1, axis: 1) }, .slice(axis: 1, 1..<1), [y])
  }

  @Test func productsOfManyMatrices() {
    var generator = SeededGenerator(seed: 4)
    for (a, b) in [
      ([2, 3, 4, 5], [3, 5, 6]), ([4, 5], [2, 5, 6]), ([2, 1, 4, 5], [3, 5, 1]), ([3, 70, 20], [20, 30]),
    ] {
      let (x, y) = (generator.normals(a), generator.normals(b))
      for (tA, tB) in [(false, false), (true, false), (false, true), (true, true)] {
        let (left, right) = (tA ? x.transposed : x, tB ? y.transposed : y)
        check(
          { matmul($0[0], $0[1], transposeA: tA, transposeB: tB) }, .matmul(transposeA: tA, transposeB: tB),
          [left, right], "\(a) \(b) \(tA) \(tB)")
      }
    }
  }

  @Test func largerLinearLayers() {
    var generator = SeededGenerator(seed: 5)
    let (x, w, b) = (generator.normals([2, 65, 33]), generator.normals([50, 33]), generator.normals([50]))
    check({ linear($0[0], $0[1], bias: $0[2]) }, .linear(), [x, w, b])
    check(
      { linear($0[0], $0[1], bias: $0[2], layout: .inputsByOutputs) }, .linear(inputMajor: true),
      [x, w.transposed, b])
  }

  /// A residual that is added before the norm, with every choice of outputs that are used.
  @Test(arguments: [true, false], [(1.0, 0.0), (0, 1), (1, 1)])
  func residualAndNorm(_ isRMS: Bool, _ share: (sum: Double, normalized: Double)) {
    var generator = SeededGenerator(seed: 6)
    let inputs = [
      generator.normals([3, 5, 17]), generator.normals([3, 5, 17]), generator.normals([17], mean: 1),
      generator.normals([17]),
    ]
    let norm = isRMS ? Twin.rmsNorm(epsilon: 1e-5) : .layerNorm(epsilon: 1e-5)
    let operands = isRMS ? Array(inputs.prefix(3)) : inputs
    let twin = Twin(
      value: { inputs in
        let sum = Twin.add.value(inputs[0], inputs[1])
        let y = norm.value(of: [sum] + inputs.dropFirst(2))
        return ReferenceArray(sum.shape, zip(sum.values, y.values).map { share.sum * $0 + share.normalized * $1 })
      },
      pullback: { inputs, upstream in
        let sum = Twin.add.value(inputs[0], inputs[1])
        let inner = norm.gradients(of: [sum] + inputs.dropFirst(2), upstream: upstream.map { $0 * share.normalized })
        let total = Twin.add.value(inner[0], upstream.map { $0 * share.sum })
        return [total, total] + inner.dropFirst()
      })
    let operation: Operation = { x in
      let (sum, y) =
        isRMS
        ? addAndRMSNorm(x[0], x[1], x[2], epsilon: 1e-5) : addAndLayerNorm(x[0], x[1], x[2], x[3], epsilon: 1e-5)
      switch share {
      case (1, 0): return sum
      case (0, 1): return y
      default: return sum + y
      }
    }
    check(operation, twin, operands)
  }

  @Test func dropoutAndItsGradientHaveOneMask() {
    var generator = SeededGenerator(seed: 7)
    let x = generator.normals([50, 40])
    let mask = dropout(Tensor(repeating: 1, shape: [50, 40]), probability: 0.25, seed: 3)
    let array = ReferenceArray([50, 40], mask.elements)
    let twin = Twin(
      value: { Twin.multiply.value($0[0], array) }, pullback: { _, upstream in [Twin.multiply.value(upstream, array)] })
    check({ dropout($0[0], probability: 0.25, seed: 3) }, twin, [x])
    #expect(dropout(Tensor(x), probability: 0, seed: 3).elements == x.floats)
    #expect(mask.elements != dropout(Tensor(repeating: 1, shape: [50, 40]), probability: 0.25, seed: 4).elements)
  }

  @Test func detachedTensorsStopTheGradient() {
    let p = Parameter(Tensor([2, 3], shape: [2]))
    let gradients = valueAndGradients(of: [p]) { (p.tensor * p.tensor.detached()).sum() }.gradients
    #expect(gradients[p]!.elements == [2, 3])
  }

  @Test func whatIsNotSelectedHasNoInfluence() {
    let (p, q) = (Parameter(Tensor([1, .infinity, .nan], shape: [3])), Parameter(Tensor([.nan, 5, 6], shape: [3])))
    let (value, gradients) = valueAndGradients(of: [p, q]) {
      select(where: [true, false, false], p.tensor, q.tensor).sum()
    }
    #expect(value.scalar == 12)
    #expect(gradients[p]!.elements == [1, 0, 0] && gradients[q]!.elements == [0, 1, 1])
  }

  @Test func badArgumentsStopTheProgram() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor(repeating: 1, shape: [3]) + Tensor(repeating: 1, shape: [4])
    }
    await #expect(processExitsWith: .failure) {
      _ = matmul(Tensor(repeating: 1, shape: [2, 3]), Tensor(repeating: 1, shape: [2, 3]))
    }
    await #expect(processExitsWith: .failure) { _ = dropout(Tensor(1), probability: 1, seed: 0) }
    await #expect(processExitsWith: .failure) { _ = Tensor(repeating: 1, shape: [2, 3]).gathered([0, 3]) }
  }
}
