import Kernels
import Support
import Testing

/// Queries, keys and values of one attention, where the documents begin and what is hidden.
struct AttentionCase: Sendable, CustomTestStringConvertible {
  let sequences, length, heads, keyHeads, dimension: Int
  /// The lengths of the documents of each row, cut off at `length`.
  let documents: [Int]
  /// For each query.
  private(set) var hidden: [Range<Int>]?

  var testDescription: String {
    "\(sequences)x\(length), \(heads):\(keyHeads) heads of \(dimension), documents \(documents)"
      + (hidden == nil ? "" : ", some keys hidden")
  }

  init(_ sequences: Int, _ length: Int, _ heads: Int, _ keyHeads: Int, _ dimension: Int, _ documents: [Int] = []) {
    self.sequences = sequences
    self.length = length
    self.heads = heads
    self.keyHeads = keyHeads
    self.dimension = dimension
    self.documents = documents
  }

  var shape: AttentionShape {
    AttentionShape(sequences: sequences, length: length, heads: heads, keyHeads: keyHeads, dimension: dimension)
  }

  /// Row b starts with document b of the list.
  var starts: IntegerArray {
    let rows = (0..<sequences).flatMap { row -> [Int] in
      let lengths = documents.isEmpty ? [length] : documents[(row % documents.count)...] + documents
      var (starts, begin) = ([Int](), 0)
      for count in lengths + [length] {
        starts += [Int](repeating: begin, count: count)
        begin += count
      }
      return Array(starts.prefix(length))
    }
    return IntegerArray([sequences, length], rows)
  }

  var mask: AttentionMask {
    AttentionMask(
      starts: starts.int32s,
      hidden: hidden.map { ($0.map { Int32($0.lowerBound) }, $0.map { Int32($0.upperBound) }) })
  }

  var twin: Twin { .attention(documentStarts: starts, hidden: hidden) }

  /// The same with random ranges hidden, each from a run of neighbouring queries.
  func hiding(seed: UInt64) -> AttentionCase {
    var generator = SeededGenerator(seed: seed)
    var (result, current) = (self, 0..<0)
    result.hidden = starts.values.enumerated().map { query, start in
      let column = query % length
      if Int.random(in: 0..<25, using: &generator) == 0 {
        let bounds = generator.integers(2, in: start..<column + 1).sorted()
        current = bounds[0]..<bounds[1]
      }
      return start <= current.lowerBound && current.upperBound <= column ? current : column..<column
    }
    return result
  }

  /// A row of [prompt | chosen | rejected] for each of `pairs`; rejected does not see chosen.
  static func pairs(_ pairs: [[Int]], _ heads: Int, _ keyHeads: Int, _ dimension: Int) -> AttentionCase {
    let lengths = pairs.map { $0.reduce(0, +) }
    var result = AttentionCase(1, lengths.reduce(0, +), heads, keyHeads, dimension, lengths)
    result.hidden = zip(pairs, lengths).reduce(into: []) { hidden, pair in
      let begin = hidden.count + pair.0[0]
      hidden += Array(repeating: 0..<0, count: pair.0[0] + pair.0[1])
      hidden += Array(repeating: begin..<begin + pair.0[1], count: pair.0[2])
    }
    return result
  }

  /// q, k, v and the gradient of the output.
  func inputs(seed: UInt64, deviation: Double = 1) -> [ReferenceArray] {
    var generator = SeededGenerator(seed: seed)
    return [heads, keyHeads, keyHeads, heads].map {
      generator.normals([sequences, length, $0, dimension], deviation: deviation)
    }
  }

  /// Queries, keys and values beside each other.
  static func packed(_ parts: ArraySlice<ReferenceArray>) -> ReferenceArray {
    ReferenceArray.concatenated(
      parts.map { $0.reshaped([$0.shape[0], $0.shape[1], $0.shape[2] * $0.shape[3]]) }, axis: 2)
  }

  static let all = [
    AttentionCase(1, 1, 1, 1, 1), AttentionCase(1, 7, 1, 1, 4), AttentionCase(2, 17, 4, 2, 6),
    AttentionCase(2, 64, 2, 2, 8), AttentionCase(1, 65, 4, 1, 5), AttentionCase(2, 130, 3, 3, 4, [50, 1, 30]),
    AttentionCase(3, 100, 4, 2, 8, [1, 70, 3, 64]), AttentionCase(2, 20, 2, 1, 16, [20]),
    AttentionCase(1, 90, 2, 1, 4, [Int](repeating: 1, count: 90)),
    AttentionCase(2, 150, 2, 1, 4).hiding(seed: 1), AttentionCase(1, 300, 2, 2, 3, [170, 40]).hiding(seed: 2),
    pairs([[20, 90, 100]], 4, 2, 5), pairs([[0, 70, 70]], 1, 1, 4),
    pairs([[40, 30, 9], [5, 80, 66], [7, 1, 1]], 2, 1, 6),
  ]

  /// The kernel's output, logsumexps and gradient.
  func run(_ inputs: [ReferenceArray]) -> (out: [Float], logSumExp: [Float], gradient: [Float]) {
    let packed = Self.packed(inputs.prefix(3)).floats
    var out = [Float](repeating: .nan, count: inputs[0].count)
    var normalizers = [Float](repeating: .nan, count: sequences * heads * length)
    var gradient = [Float](repeating: .nan, count: packed.count)
    attentionForward(&out, logSumExp: &normalizers, packed, mask: mask, shape: shape)
    attentionBackward(
      &gradient, inputs[3].floats, out, logSumExp: normalizers, packed, mask: mask, shape: shape)
    return (out, normalizers, gradient)
  }
}

@Suite struct AttentionTests {
  @Test(arguments: AttentionCase.all, [0.3, 1, 5]) func agreesWithTheTwin(_ sample: AttentionCase, _ deviation: Double)
  {
    let inputs = sample.inputs(seed: 21, deviation: deviation)
    let twin = sample.twin
    let result = sample.run(inputs)
    let close = Tolerance.scaled(relative: 1e-5, scaled: 1e-6 * max(1, deviation * deviation))
    #expect(mismatch(result.out, twin.value(of: Array(inputs.prefix(3))), within: close) == nil)
    let gradients = twin.gradients(of: Array(inputs.prefix(3)), upstream: inputs[3])
    #expect(mismatch(result.gradient, AttentionCase.packed(gradients[...]), within: close) == nil)
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

  @Test func laterTokensAndOtherDocumentsHaveNoInfluence() {
    let sample = AttentionCase(1, 150, 2, 1, 8, [40, 60, 50])
    let before = sample.run(sample.inputs(seed: 3)).out
    var inputs = sample.inputs(seed: 3)
    let changed = 70
    for part in 0..<3 {
      let width = inputs[part].shape[2] * 8
      for i in changed * width..<(changed + 1) * width { inputs[part].values[i] += 1 }
    }
    let after = sample.run(inputs).out
    for row in 0..<150 {
      let isSame = before[row * 16..<(row + 1) * 16] == after[row * 16..<(row + 1) * 16]
      #expect(isSame == !(70..<100).contains(row), "row \(row)")
    }
  }

  @Test func whatIsHiddenHasNoInfluence() {
    let sample = AttentionCase.pairs([[30, 70, 80]], 2, 1, 8)
    let before = sample.run(sample.inputs(seed: 3)).out
    var inputs = sample.inputs(seed: 3)
    for part in 1..<3 { for i in 30 * 8..<100 * 8 { inputs[part].values[i] *= -2 } }
    let after = sample.run(inputs).out
    for row in 0..<180 {
      let isSame = before[row * 16..<(row + 1) * 16] == after[row * 16..<(row + 1) * 16]
      #expect(isSame == !(30..<100).contains(row), "row \(row)")
    }
  }

  @Test func aTokenAloneGetsItsValue() {
    let sample = AttentionCase(2, 30, 2, 2, 3, [Int](repeating: 1, count: 30))
    let inputs = sample.inputs(seed: 4)
    #expect(mismatch(sample.run(inputs).out, inputs[2], within: .ulps(1)) == nil)
  }

  @Test(arguments: [(0, 1), (0, 40), (5, 1), (63, 3), (64, 64), (100, 70)])
  func withACache(_ offset: Int, _ count: Int) {
    let sample = AttentionCase(1, offset + count, 4, 2, 6)
    let inputs = sample.inputs(seed: 5)
    let expected = sample.twin.value(of: Array(inputs.prefix(3)))
      .sliced(axis: 1, offset..<offset + count)
    let queries = inputs[0].sliced(axis: 1, offset..<offset + count).floats
    var out = [Float](repeating: .nan, count: queries.count)
    let shape = AttentionShape(sequences: 1, length: count, heads: 4, keyHeads: 2, dimension: 6)
    cachedAttention(
      &out, queries: queries, queryStride: 24, keys: inputs[1].floats, values: inputs[2].floats, count: count,
      offset: offset, shape: shape)
    #expect(mismatch(out, expected, within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil)
  }
}
