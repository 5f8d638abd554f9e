import Autograd
import Support
import Testing

/// The gradient of a head's weight when `use` says what becomes of its loss.
private func headGradient(_ use: (@escaping () -> Tensor) -> Tensor) -> Tensor? {
  let weight = Parameter(Tensor(repeating: 1, shape: [4, 3]))
  let x = Tensor(repeating: 1, shape: [2, 3])
  let gradients = valueAndGradients(of: [weight]) {
    use { headCrossEntropy(x, weight.tensor, targets: [0, 1]) }
  }.gradients
  return gradients[weight]
}

@Suite struct HeadGradientTests {
  private static let targets = IntegerArray(
    [20], [3, -1, 0, 29, 4, 4, -1, 7, 8, 1, 2, 3, -1, 5, 6, 10, 11, -1, 12, 13])
  private static let none = IntegerArray([20], [Int](repeating: -1, count: 20))
  private static let all = IntegerArray([20], (0..<20).map { $0 })

  private var inputs: [ReferenceArray] {
    var generator = SeededGenerator(seed: 1)
    return [generator.normals([20, 9]), generator.normals([30, 9])]
  }

  /// For the upstream gradient that was expected and others, as a leaf and inside, and with each operand frozen.
  @Test(arguments: [targets, none, all], [0.125, 0, -2.5])
  func anyUpstreamGradient(_ targets: IntegerArray, _ upstream: Double) {
    let twin = Twin.headCrossEntropy(targets: targets)
    let value = twin.value(of: inputs)
    let expected = twin.gradients(of: inputs, upstream: ReferenceArray(upstream))
    for isInside in [false, true] {
      for only in [nil, 0, 1] {
        for uses in [1, 2] {
          let trial = Trial(
            { headCrossEntropy($0[0], $0[1], targets: targets.int32s) }, inputs, upstream: ReferenceArray(upstream),
            Trial.Setting(isInside: isInside, uses: uses, seed: 0.125, onlyInput: only))
          let wanted = expected.enumerated().map { index, gradient in
            only == nil || only == index ? gradient : .zeros(gradient.shape)
          }
          let found = problems(trial, value: value, gradients: wanted, factor: Double(uses))
          #expect(found.isEmpty, "\(isInside) \(String(describing: only)) \(uses)")
        }
      }
    }
  }

  @Test(arguments: [targets, none, all], [0, 1 << 20])
  func logProbabilities(_ targets: IntegerArray, keepingAtMost limit: Int) {
    var generator = SeededGenerator(seed: 2)
    let twin = Twin.chain(.headTokenLosses(targets: targets), .negate)
    let upstream = generator.normals([20])
    let gradients = twin.gradients(of: inputs, upstream: upstream)
    for isInside in [false, true] {
      for only in [nil, 0, 1] {
        let trial = Trial(
          { headLogProbabilities($0[0], $0[1], targets: targets.int32s, keepingAtMost: limit) }, inputs,
          upstream: upstream,
          Trial.Setting(isInside: isInside, onlyInput: only))
        let wanted = gradients.enumerated().map { only == nil || only == $0 ? $1 : .zeros($1.shape) }
        let found = problems(trial, value: twin.value(of: inputs).map { $0 + 0 }, gradients: wanted)
        #expect(found.isEmpty)
      }
    }
  }

  @Test func theSumOfTheLossesAndCorrectTokens() {
    let (x, w) = (Tensor(inputs[0]), Tensor(inputs[1]))
    var seen: TokenLosses?
    _ = headCrossEntropy(x, w, targets: Self.targets.int32s) { seen = $0 }
    let logits = Twin.linear().value(of: inputs)
    let losses = Twin.tokenLosses(targets: Self.targets).value(logits)
    let supervised = Self.targets.values.indices.filter { Self.targets.values[$0] >= 0 }
    let expected = supervised.reduce(0) { $0 + losses.values[$1] }
    #expect(abs(seen!.sum - expected) <= 1e-5 * expected && seen!.count == supervised.count)
    let isCorrect = supervised.map { row in
      logits.splitRows[row].max()! == logits.splitRows[row][Self.targets.values[row]]
    }
    #expect(seen!.correctCount == isCorrect.count { $0 })
  }

  /// The gradient of the head was added in the forward pass: the loss must depend on it, once.
  @Test func aLossThatGetsLostStopsTheProgram() async {
    await #expect(processExitsWith: .success) { _ = headGradient { $0() } }
    await #expect(processExitsWith: .failure) {
      _ = headGradient { loss in
        _ = loss()
        return Tensor(1)
      }
    }
    await #expect(processExitsWith: .failure) { _ = headGradient { loss in recomputed([]) { _ in [loss()] }[0] } }
  }

  @Test func aLossThatThrowsIsForgotten() {
    struct Stop: Error {}
    let weight = Parameter(Tensor(repeating: 1, shape: [4, 3]))
    let gradients = Gradients(of: [weight])
    func loss() -> Tensor { headCrossEntropy(Tensor(repeating: 1, shape: [2, 3]), weight.tensor, targets: [0, 1]) }
    #expect(throws: Stop.self) {
      _ = try gradients.add {
        _ = loss()
        throw Stop()
      }
    }
    gradients.clear()
    _ = gradients.add(loss)
    #expect(gradients[weight]!.elements == headGradient { $0() }!.elements)
  }

  /// A tied table: the gradient is the sum of both uses.
  @Test func tiedTables() {
    var generator = SeededGenerator(seed: 3)
    let table = generator.normals([30, 9])
    let ids = (0..<20).map { Int32($0 % 11) }
    func gradients(_ tie: Bool) -> [[Float]] {
      let (first, second) = (Parameter(Tensor(table)), Parameter(Tensor(table)))
      let head = tie ? first : second
      let gradients = valueAndGradients(of: [first, second]) {
        let x = embedding(first.tensor, ids, shape: [20])
        return headCrossEntropy(x, head.tensor, targets: Self.targets.int32s)
      }.gradients
      return [first, second].compactMap { gradients[$0]?.elements }
    }
    let apart = gradients(false)
    let sum = ReferenceArray([270], zip(apart[0], apart[1]).map { Double($0) + Double($1) })
    #expect(mismatch(gradients(true)[0], sum, within: .scaled(relative: 1e-6, scaled: 1e-6)) == nil)
  }
}
