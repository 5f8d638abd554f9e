import Kernels
import Support
import Testing

/// Queries, keys and values of one attention, and which keys each query sees.
struct AttentionCase: Sendable, CustomTestStringConvertible {
  let shape: AttentionShape
  private(set) var layout: SequenceLayout
  private(set) var testDescription: String

  /// Causal attention; row b starts with document b of `documents`, lengths that are cut off at `length`.
  init(_ sequences: Int, _ length: Int, _ heads: Int, _ keyHeads: Int, _ dimension: Int, _ documents: [Int] = []) {
    shape = AttentionShape(
      sequences: sequences, length: length, heads: heads, keyHeads: keyHeads, dimension: dimension)
    let starts = (0..<sequences).flatMap { row -> [Int32] in
      let lengths = documents.isEmpty ? [length] : documents[(row % documents.count)...] + documents
      var (starts, begin) = ([Int32](), 0)
      for count in lengths + [length] {
        starts += [Int32](repeating: Int32(begin), count: count)
        begin += count
      }
      return Array(starts.prefix(length))
    }
    layout = SequenceLayout(
      rows: sequences, columns: length, positions: starts.enumerated().map { Int32($0 % length) - $1 },
      documentStarts: starts)
    testDescription = "\(sequences)x\(length), \(heads):\(keyHeads) heads of \(dimension), documents \(documents)"
  }

  /// A row of [prompt | chosen | rejected] for each of `pairs`; rejected does not see chosen.
  static func pairs(_ pairs: [[Int]], _ heads: Int, _ keyHeads: Int, _ dimension: Int) -> AttentionCase {
    let lengths = pairs.map { $0.reduce(0, +) }
    let hidden = zip(pairs, lengths).reduce(into: [Range<Int>]()) { hidden, pair in
      let begin = hidden.count + pair.0[0]
      hidden += Array(repeating: 0..<0, count: pair.0[0] + pair.0[1])
      hidden += Array(repeating: begin..<begin + pair.0[1], count: pair.0[2])
    }
    return AttentionCase(1, lengths.reduce(0, +), heads, keyHeads, dimension, lengths).hiding(hidden)
  }

  /// The same with random ranges hidden, each from a run of neighbouring queries.
  func hiding(seed: UInt64) -> AttentionCase {
    var generator = SeededGenerator(seed: seed)
    var current = 0..<0
    let hidden = layout.visible.firsts.enumerated().map { query, first in
      let (column, start) = (query % shape.length, Int(first))
      if Int.random(in: 0..<25, using: &generator) == 0 {
        let bounds = generator.integers(2, in: start..<column + 1).sorted()
        current = bounds[0]..<bounds[1]
      }
      return start <= current.lowerBound && current.upperBound <= column ? current : column..<column
    }
    return hiding(hidden)
  }

  /// The same with sliding windows.
  func windowed(to width: Int) -> AttentionCase {
    seeing(layout.windowed(to: width).visible, "windows of \(width)")
  }

  /// The same with each token seeing all of its document.
  func bidirectional() -> AttentionCase { seeing(layout.bidirectional().visible, "both directions") }

  /// The same with random keys for each run of at most `longest` tokens: any around it, but for a gap before or behind it.
  func seeingAnything(seed: UInt64, runsUpTo longest: Int) -> AttentionCase {
    var generator = SeededGenerator(seed: seed)
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    var (keys, hidden): ([Range<Int>], [Range<Int>]) = ([], [])
    while keys.count < shape.sequences * shape.length {
      let column = keys.count % shape.length
      let next = number(column + 1...min(column + longest, shape.length))
      let range = number(0...column)..<number(next...shape.length)
      let side = number(0...1) == 0 ? range.lowerBound...column : next...range.upperBound
      let gap = [number(side), number(side)].sorted()
      keys += repeatElement(range, count: next - column)
      hidden += repeatElement(gap[0]..<gap[1], count: next - column)
    }
    return seeing(VisibleKeys(keys, hidden: hidden), "random keys for up to \(longest) tokens")
  }

  private func hiding(_ hidden: [Range<Int>]) -> AttentionCase {
    seeing(VisibleKeys(layout.visible.keys, hidden: hidden), "some keys hidden")
  }

  private func seeing(_ visible: VisibleKeys, _ description: String) -> AttentionCase {
    var result = self
    result.layout = SequenceLayout(
      rows: layout.rows, columns: layout.columns, positions: layout.positions, visible: visible)
    result.testDescription += ", \(description)"
    return result
  }

  var twin: Twin { .attention(visible: layout.visible.keys, hidden: layout.visible.hidden) }

  /// q, k, v and the gradient of the output.
  func inputs(seed: UInt64, deviation: Double = 1) -> [ReferenceArray] {
    var generator = SeededGenerator(seed: seed)
    return [shape.heads, shape.keyHeads, shape.keyHeads, shape.heads].map {
      generator.normals([shape.sequences, shape.length, $0, shape.dimension], deviation: deviation)
    }
  }

  /// Queries, keys and values beside each other.
  static func packed(_ parts: ArraySlice<ReferenceArray>) -> ReferenceArray {
    ReferenceArray.concatenated(
      parts.map { $0.reshaped([$0.shape[0], $0.shape[1], $0.shape[2] * $0.shape[3]]) }, axis: 2)
  }

  /// The kernel's output, logsumexps and gradient.
  func run(
    _ inputs: [ReferenceArray], _ precision: ProductPrecision = .float32
  ) -> (out: [Float], logSumExp: [Float], gradient: [Float]) {
    let (packed, visible) = (Self.packed(inputs.prefix(3)).buffer, layout.visible)
    let out = Storage(repeating: .nan, count: inputs[0].count)
    let normalizers = Storage(repeating: .nan, count: shape.sequences * shape.heads * shape.length)
    let gradient = Storage(repeating: .nan, count: packed.count)
    attentionForward(
      out.mutableBuffer, logSumExp: normalizers.mutableBuffer, packed, visible: visible, shape: shape,
      precision: precision)
    attentionBackward(
      gradient.mutableBuffer, inputs[3].buffer, out.buffer, logSumExp: normalizers.buffer, packed, visible: visible,
      shape: shape, precision: precision)
    return (out.elements, normalizers.elements, gradient.elements)
  }
}

extension VisibleKeys {
  /// The columns in `keys` but not in `hidden`, a range for each token.
  init(_ keys: [Range<Int>], hidden: [Range<Int>]? = nil) {
    self.init(
      firsts: keys.map { Int32($0.lowerBound) }, ends: keys.map { Int32($0.upperBound) },
      gap: hidden.map { hidden in
        Gap(starts: hidden.map { Int32($0.lowerBound) }, ends: hidden.map { Int32($0.upperBound) })
      })
  }

  var keys: [Range<Int>] { zip(firsts, ends).map { Int($0)..<Int($1) } }
  var hidden: [Range<Int>]? { gap.map { zip($0.starts, $0.ends).map { Int($0)..<Int($1) } } }
}
