import Kernels
import Support
import Testing

extension AttentionCase {
  fileprivate static let causal = [
    AttentionCase(1, 1, 1, 1, 1), AttentionCase(1, 7, 1, 1, 4), AttentionCase(2, 17, 4, 2, 6),
    AttentionCase(2, 64, 2, 2, 8), AttentionCase(1, 65, 4, 1, 5), AttentionCase(2, 130, 3, 3, 4, [50, 1, 30]),
    AttentionCase(3, 100, 4, 2, 8, [1, 70, 3, 64]), AttentionCase(2, 20, 2, 1, 16, [20]),
    AttentionCase(1, 90, 2, 1, 4, [Int](repeating: 1, count: 90)),
  ]
  fileprivate static let hidden = [
    AttentionCase(2, 150, 2, 1, 4).hiding(seed: 1), AttentionCase(1, 300, 2, 2, 3, [170, 40]).hiding(seed: 2),
    pairs([[20, 90, 100]], 4, 2, 5), pairs([[0, 70, 70]], 1, 1, 4),
    pairs([[40, 30, 9], [5, 80, 66], [7, 1, 1]], 2, 1, 6),
  ]
  fileprivate static let windows = [1, 3, 32, 33, 1000].flatMap { width in
    ([AttentionCase(1, 70, 2, 1, 20)] + causal + hidden).map { $0.windowed(to: width) }
  }
  fileprivate static let bothDirections = causal.map { $0.bidirectional() }
  fileprivate static let anything = [1, 10, 100].flatMap { longest in
    [AttentionCase(1, 150, 4, 2, 6), AttentionCase(1, 65, 2, 2, 16), AttentionCase(3, 40, 2, 1, 3)].flatMap { sample in
      [1, 2, 3].map { sample.seeingAnything(seed: $0, runsUpTo: longest) }
    }
  }
}

@Suite struct AttentionTests {
  @Test(arguments: AttentionCase.causal + AttentionCase.hidden, [0.3, 1, 5])
  func agreesWithTheTwin(_ sample: AttentionCase, _ deviation: Double) { compare(sample, deviation) }

  @Test(arguments: AttentionCase.windows, [1, 5])
  func slidingWindows(_ sample: AttentionCase, _ deviation: Double) { compare(sample, deviation) }

  @Test(arguments: AttentionCase.bothDirections, [0.3, 1, 5])
  func bothDirections(_ sample: AttentionCase, _ deviation: Double) { compare(sample, deviation) }

  @Test(arguments: AttentionCase.anything, [1, 5])
  func anyKeysForAnyToken(_ sample: AttentionCase, _ deviation: Double) { compare(sample, deviation) }

  private func compare(_ sample: AttentionCase, _ deviation: Double) {
    let inputs = sample.inputs(seed: 21, deviation: deviation)
    let twin = sample.twin
    let result = sample.run(inputs)
    let close = Tolerance.scaled(relative: 1e-5, scaled: 1e-6 * max(1, deviation * deviation))
    #expect(mismatch(result.out, twin.value(of: Array(inputs.prefix(3))), within: close) == nil)
    let gradients = twin.gradients(of: Array(inputs.prefix(3)), upstream: inputs[3])
    #expect(mismatch(result.gradient, AttentionCase.packed(gradients[...]), within: close) == nil)
  }

  /// What is rounded is known to three digits; of numbers of ordinary size the sums are so too.
  @Test(arguments: AttentionCase.causal + AttentionCase.hidden + AttentionCase.anything + AttentionCase.bothDirections)
  func ofRoundedNumbers(_ sample: AttentionCase) {
    let inputs = sample.inputs(seed: 22)
    let result = sample.run(inputs, .bfloat16)
    let exact = sample.twin
    #expect(mismatch(result.out, exact.value(of: Array(inputs.prefix(3))), within: .frobenius(0.006)) == nil)
    let gradients = exact.gradients(of: Array(inputs.prefix(3)), upstream: inputs[3])
    #expect(mismatch(result.gradient, AttentionCase.packed(gradients[...]), within: .frobenius(0.012)) == nil)
  }

  /// Small integers are bfloat16 numbers, and a query whose keys are all alike gives each the same probability: what is left of
  /// rounding is that of 32 bits.
  @Test(arguments: [1, 2, 7, 8, 32, 33, 64, 65, 130], [1, 16, 31, 64])
  func ofNumbersThatNeedNoRounding(_ length: Int, _ dimension: Int) {
    let sample = AttentionCase(2, length, 2, 1, dimension)
    var inputs = sample.inputs(seed: 23)
    for part in inputs.indices {
      inputs[part].values = inputs[part].values.map { part == 1 ? 1 : ($0 * 4).rounded() }
    }
    let result = sample.run(inputs, .bfloat16)
    let close = Tolerance.scaled(relative: 1e-5, scaled: 1e-5)
    #expect(mismatch(result.out, sample.twin.value(of: Array(inputs.prefix(3))), within: close) == nil)
  }

  /// Scores of 1e30 leave one key; what is hidden may be anything finite.
  @Test func hugeScores() {
    let sample = AttentionCase(1, 3, 1, 1, 1)
    let q = ReferenceArray([1, 3, 1, 1], [1e15, 1e15, -1e15])
    let k = ReferenceArray([1, 3, 1, 1], [1e15, 2e15, 3e15])
    let v = ReferenceArray([1, 3, 1, 1], [1.0, 2, 3])
    let result = sample.run([q, k, v, ReferenceArray([1, 3, 1, 1], [1.0, 1, 1])])
    #expect(result.out == [1, 2, 1])
    #expect(result.gradient.allSatisfy { $0.isFinite })
  }

  /// A token is seen by those that follow it in its document, in a window only by the next, and else by the whole document.
  @Test(
    arguments: [
      (AttentionCase(1, 150, 2, 1, 8, [40, 60, 50]), 70..<100),
      (AttentionCase(1, 150, 2, 1, 8, [41, 59, 50]), 70..<100),
      (AttentionCase(1, 150, 2, 1, 8, [71, 79]), 70..<71),
      (AttentionCase(1, 150, 2, 1, 8, [40, 110]).windowed(to: 33), 70..<103),
      (AttentionCase(1, 150, 2, 1, 8, [40, 60, 50]).bidirectional(), 40..<100),
    ], ProductPrecision.allCases)
  func whatATokenDoesNotSeeHasNoInfluence(
    _ given: (sample: AttentionCase, seenBy: Range<Int>), _ precision: ProductPrecision
  ) {
    let (sample, seenBy) = given
    let before = sample.run(sample.inputs(seed: 3), precision).out
    var inputs = sample.inputs(seed: 3)
    let changed = 70
    for part in 0..<3 {
      let width = inputs[part].shape[2] * 8
      for i in changed * width..<(changed + 1) * width { inputs[part].values[i] += 1 }
    }
    let after = sample.run(inputs, precision).out
    for row in 0..<150 {
      let isSame = before[row * 16..<(row + 1) * 16] == after[row * 16..<(row + 1) * 16]
      #expect(isSame == !seenBy.contains(row), "row \(row)")
    }
  }

  @Test(arguments: [(30, 70), (31, 70), (31, 71)], ProductPrecision.allCases)
  func whatIsHiddenHasNoInfluence(_ given: (prompt: Int, first: Int), _ precision: ProductPrecision) {
    let (begin, end) = (given.prompt, given.prompt + given.first)
    let sample = AttentionCase.pairs([[begin, given.first, 180 - end]], 2, 1, 8)
    let before = sample.run(sample.inputs(seed: 3), precision).out
    var inputs = sample.inputs(seed: 3)
    for part in 1..<3 { for i in begin * 8..<end * 8 { inputs[part].values[i] *= -2 } }
    let after = sample.run(inputs, precision).out
    for row in 0..<180 {
      let isSame = before[row * 16..<(row + 1) * 16] == after[row * 16..<(row + 1) * 16]
      #expect(isSame == !(begin..<end).contains(row), "row \(row)")
    }
  }

  @Test(arguments: [
    AttentionCase(2, 30, 2, 2, 3, [Int](repeating: 1, count: 30)), AttentionCase(2, 30, 2, 2, 3).windowed(to: 1),
  ])
  func aTokenAloneGetsItsValue(_ sample: AttentionCase) {
    let inputs = sample.inputs(seed: 4)
    #expect(mismatch(sample.run(inputs).out, inputs[2], within: .ulps(1)) == nil)
  }

  @Test(arguments: [(0, 1), (0, 40), (5, 1), (63, 3), (64, 64), (100, 70)], [1000, 1, 3, 32, 33])
  func withACache(_ new: (offset: Int, count: Int), window: Int) {
    check(new, window: window, .float32, within: .scaled(relative: 1e-5, scaled: 1e-6))
  }

  @Test(arguments: [(0, 1), (0, 40), (5, 1), (63, 3), (64, 64), (100, 70)], [1000, 1, 3, 32, 33])
  func withACacheOfRoundedNumbers(_ new: (offset: Int, count: Int), window: Int) {
    check(new, window: window, .bfloat16, within: .frobenius(0.01))
  }

  private func check(
    _ new: (offset: Int, count: Int), window: Int, _ precision: ProductPrecision, within tolerance: Tolerance
  ) {
    let (count, length) = (new.count, new.offset + new.count)
    let sample = AttentionCase(1, length, 4, 2, 6).windowed(to: window)
    let inputs = sample.inputs(seed: 5)
    let expected = sample.twin.value(of: Array(inputs.prefix(3))).sliced(axis: 1, new.offset..<length)
    let queries = inputs[0].sliced(axis: 1, new.offset..<length).buffer
    let out = Storage(repeating: .nan, count: queries.count)
    let sequence = CachedSequence(
      MutableMatrix(out.mutableBuffer, rows: count, columns: 24), queries: Matrix(queries, rows: count, columns: 24),
      keys: Matrix(inputs[1].buffer, rows: length, columns: 12),
      values: Matrix(inputs[2].buffer, rows: length, columns: 12))
    cachedAttention(
      [sequence], visible: VisibleKeys(Array(sample.layout.visible.keys[new.offset...])),
      shape: AttentionShape(sequences: 1, length: count, heads: 4, keyHeads: 2, dimension: 6), precision: precision)
    #expect(mismatch(out.elements, expected, within: tolerance) == nil)
  }
}
