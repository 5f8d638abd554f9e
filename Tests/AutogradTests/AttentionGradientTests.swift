import Autograd
import Kernels
import Support
import Testing

/// Rotary embedding of queries and keys, and then attention.
private func rotaryAttention(_ attention: Twin, _ positions: IntegerArray, _ frequencies: [Double]) -> Twin {
  let rotary = Twin.rotary(positions: positions, frequencies: frequencies)
  return Twin(
    value: { attention.value(rotary.value($0[0]), rotary.value($0[1]), $0[2]) },
    pullback: { inputs, upstream in
      let rotated = [rotary.value(inputs[0]), rotary.value(inputs[1]), inputs[2]]
      let inner = attention.gradients(of: rotated, upstream: upstream)
      return [
        rotary.gradients(of: [inputs[0]], upstream: inner[0])[0],
        rotary.gradients(of: [inputs[1]], upstream: inner[1])[0], inner[2],
      ]
    })
}

/// Rows of documents of the given lengths, repeated.
private func places(rows: Int, length: Int, documents: [Int]) -> (starts: IntegerArray, positions: IntegerArray) {
  var starts: [Int] = []
  for row in 0..<rows {
    var line: [Int] = []
    while line.count < length {
      line += [Int](repeating: line.count, count: documents[(row + Set(line).count) % documents.count])
    }
    starts += line.prefix(length)
  }
  let positions = starts.enumerated().map { $0 % length - $1 }
  return (IntegerArray([rows, length], starts), IntegerArray([rows, length], positions))
}

@Suite struct AttentionGradientTests {
  @Test(arguments: [(4, 4), (4, 2), (4, 1), (1, 1)], [[100], [3, 9, 70]])
  func groupsDocumentsAndRotation(_ heads: (Int, Int), _ documents: [Int]) {
    var generator = SeededGenerator(seed: 1)
    let (starts, positions) = places(rows: 2, length: 80, documents: documents)
    let frequencies = rotaryFrequencies(dimension: 6, base: 100)
    let inputs = [heads.0, heads.1, heads.1].map { generator.normals([2, 80, $0, 6]) }
    let twin = rotaryAttention(.attention(documentStarts: starts), positions, frequencies)
    let value = twin.value(of: inputs)
    let upstream = generator.normals(value.shape)
    let table = RotaryTable(frequencies: frequencies, positions: 80)
    for isInside in [false, true] {
      let trial = Trial(
        { attention($0, starts.int32s, positions: positions.int32s, rotary: table) }, inputs, upstream: upstream,
        Trial.Setting(isInside: isInside))
      let found = problems(trial, value: value, gradients: twin.gradients(of: inputs, upstream: upstream))
      #expect(found.isEmpty)
    }
  }

  /// The window of each token, and the whole document for each.
  @Test(arguments: [[100], [3, 9, 70]], [false, true])
  func windowsAndBothDirections(_ documents: [Int], _ isWindowed: Bool) {
    var generator = SeededGenerator(seed: 8)
    let (starts, positions) = places(rows: 2, length: 80, documents: documents)
    let causal = SequenceLayout(
      rows: 2, columns: 80, positions: positions.int32s, documentStarts: starts.int32s)
    let layout = isWindowed ? causal.windowed(to: 5) : causal.bidirectional()
    let visible = starts.values.enumerated().map { token, start in
      let (row, column) = (token / 80 * 80, token % 80)
      let end = starts.values[row..<row + 80].lastIndex(of: start)! - row + 1
      return isWindowed ? max(start, column - 4)..<column + 1 : start..<end
    }
    let frequencies = rotaryFrequencies(dimension: 6, base: 100)
    let inputs = [4, 2, 2].map { generator.normals([2, 80, $0, 6]) }
    let twin = rotaryAttention(.attention(visible: visible), positions, frequencies)
    let value = twin.value(of: inputs)
    let upstream = generator.normals(value.shape)
    let table = RotaryTable(frequencies: frequencies, positions: 80)
    let trial = Trial({ attention($0, layout, rotary: table) }, inputs, upstream: upstream)
    let found = problems(trial, value: value, gradients: twin.gradients(of: inputs, upstream: upstream))
    #expect(found.isEmpty)
  }

  /// What somebody else holds is not rotated in place.
  @Test func packedProjectionsThatAreHeldStayAsTheyAre() {
    var generator = SeededGenerator(seed: 2)
    let packed = Tensor(generator.normals([1, 5, 12]))
    let before = packed.elements
    let table = RotaryTable(frequencies: [1, 0.1], positions: 5)
    let y = selfAttention(packed, heads: 1, keyHeads: 1, layout: SequenceLayout(rows: 1, columns: 5), rotary: table)
    #expect(packed.elements == before && y.shape == [1, 5, 4])
  }

  /// Packed documents give what each gives alone.
  @Test func packedDocumentsAreAlone() {
    var generator = SeededGenerator(seed: 3)
    let packed = generator.normals([1, 90, 24])
    let table = RotaryTable(frequencies: [1, 0.1], positions: 90)
    let (starts, positions) = places(rows: 1, length: 90, documents: [20, 70])
    let together = selfAttention(
      Tensor(packed), heads: 2, keyHeads: 2,
      layout: SequenceLayout(
        rows: 1, columns: 90, positions: positions.int32s, documentStarts: starts.int32s), rotary: table
    ).elements
    for range in [0..<20, 20..<90] {
      let alone = selfAttention(
        Tensor(packed.sliced(axis: 1, range)), heads: 2, keyHeads: 2,
        layout: SequenceLayout(rows: 1, columns: range.count), rotary: table)
      let expected = ReferenceArray(alone.shape.dimensions, alone.elements)
      let part = Array(together[range.lowerBound * 8..<range.upperBound * 8])
      #expect(mismatch(part, expected, within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil)
    }
  }

  /// [prompt | chosen | rejected] is [prompt | chosen] and [prompt | rejected], rotation and gradients included.
  @Test(arguments: [(4, 4), (4, 2)]) func aSharedPromptIsAPromptForEach(_ heads: (Int, Int)) {
    var generator = SeededGenerator(seed: 6)
    let (prompt, chosen, rejected) = (50, 70, 90)
    let (first, length) = (prompt + chosen, prompt + chosen + rejected)
    let inputs = [heads.0, heads.1, heads.1].map { generator.normals([1, length, $0, 6]) }
    let upstream = generator.normals([1, length, heads.0, 6])
    let table = RotaryTable(frequencies: [1, 0.1, 0.01], positions: length)

    let shared = Trial(
      {
        attention(
          $0, [Int32](repeating: 0, count: length),
          positions: (Array(0..<first) + Array(prompt..<prompt + rejected)).map(Int32.init),
          gap: VisibleKeys.Gap(
            starts: [Int32](repeating: Int32(prompt), count: length),
            ends: (0..<length).map { Int32($0 < first ? prompt : first) }), rotary: table)
      }, inputs, upstream: upstream)
    let separate = Trial(
      { parts in
        let one = attention(
          parts.map { $0.slice(0..<first, axis: 1) }, [Int32](repeating: 0, count: first),
          positions: (0..<first).map(Int32.init), rotary: table)
        let other = attention(
          parts.map { concatenate([$0.slice(0..<prompt, axis: 1), $0.slice(first..<length, axis: 1)], axis: 1) },
          [Int32](repeating: 0, count: prompt + rejected), positions: (0..<prompt + rejected).map(Int32.init),
          rotary: table)
        return concatenate([one, other.slice(prompt..<prompt + rejected, axis: 1)], axis: 1)
      }, inputs, upstream: upstream)
    let found = problems(
      shared, value: ReferenceArray(separate.shape, separate.value),
      gradients: zip(inputs, separate.gradients).map { ReferenceArray($0.shape, $1) })
    #expect(found.isEmpty)
  }

  /// Positions are rotated by the same angles in whatever order they come up.
  @Test func anglesAreMadeWhenTheyAreNeeded() {
    var generator = SeededGenerator(seed: 7)
    let x = Tensor(generator.normals([1, 1, 6]))
    let table = RotaryTable(frequencies: [1, 0.3, 0.01], positions: 1 << 40)
    for position in [3, 70, 5, 1000, 999] as [Int32] {
      let fresh = RotaryTable(frequencies: [1, 0.3, 0.01], positions: 1001)
      let rotated = rotaryEmbedding(x, positions: [position], table: table)
      #expect(rotated.elements == rotaryEmbedding(x, positions: [position], table: fresh).elements)
    }
  }

  @Test func cachedEqualsWhole() {
    var generator = SeededGenerator(seed: 4)
    let packed = Tensor(generator.normals([1, 100, 32]))
    let table = RotaryTable(frequencies: [1, 0.1], positions: 100)
    let whole = selfAttention(
      packed, heads: 4, keyHeads: 2, layout: SequenceLayout(rows: 1, columns: 100), rotary: table)
    let cache = KeyValueLayer(capacity: 100, width: 8)
    var parts: [Tensor] = []
    for range in [0..<50, 50..<51, 51..<52, 52..<100] {
      parts.append(
        cachedSelfAttention(
          packed.slice(range, axis: 1), heads: 4, keyHeads: 2, offsets: [range.lowerBound], caches: [cache],
          rotary: table))
    }
    let expected = ReferenceArray([1, 100, 16], whole.elements)
    let close = Tolerance.scaled(relative: 1e-5, scaled: 1e-6)
    #expect(mismatch(concatenate(parts, axis: 1).elements, expected, within: close) == nil)
  }

  /// A text that may be long takes no more memory than it needs, and branches of it grow by themselves.
  @Test func aCacheGrowsWithItsText() {
    var generator = SeededGenerator(seed: 6)
    let packed = Tensor(generator.normals([1, 300, 32]))
    let table = RotaryTable(frequencies: [1, 0.1], positions: 300)
    let whole = selfAttention(
      packed, heads: 4, keyHeads: 2, layout: SequenceLayout(rows: 1, columns: 300), rotary: table
    ).elements.map(Double.init)
    var cache = KeyValueLayer(capacity: 1_000_000, width: 8)
    for range in [0..<100, 100..<128, 128..<129, 129..<290, 290..<300] {
      let before = cache
      cache = KeyValueLayer(branchOf: before)
      for layer in [cache, before] {
        let part = cachedSelfAttention(
          packed.slice(range, axis: 1), heads: 4, keyHeads: 2, offsets: [range.lowerBound], caches: [layer],
          rotary: table)
        let expected = ReferenceArray(
          [1, range.count, 16], Array(whole[range.lowerBound * 16..<range.upperBound * 16]))
        #expect(mismatch(part.elements, expected, within: .scaled(relative: 1e-5, scaled: 1e-6)) == nil, "\(range)")
      }
      #expect(cache.room >= range.upperBound && cache.room < 2 * 300)
    }
  }

  /// Texts of different lengths side by side are what each of them is alone.
  @Test(arguments: [nil, 5]) func cachedTextsSideBySide(window: Int?) {
    var generator = SeededGenerator(seed: 5)
    let table = RotaryTable(frequencies: [1, 0.1], positions: 100)
    let lengths = [40, 1, 17]
    let packed = lengths.map { Tensor(generator.normals([1, $0 + 3, 32])) }
    func attend(_ packed: Tensor, _ offsets: [Int], _ caches: [KeyValueLayer]) -> Tensor {
      cachedSelfAttention(
        packed, heads: 4, keyHeads: 2, offsets: offsets, caches: caches, rotary: table, window: window)
    }
    func filled() -> [KeyValueLayer] {
      zip(lengths, packed).map { length, packed in
        let layer = KeyValueLayer(capacity: length + 10, width: 8)
        _ = attend(packed.slice(0..<length, axis: 1), [0], [layer])
        return layer
      }
    }
    let new = zip(lengths, packed).map { $1.slice($0..<$0 + 3, axis: 1) }
    let caches = filled()
    let together = attend(concatenate(new, axis: 0), lengths, caches)
    for (text, alone) in filled().enumerated() {
      let expected = attend(new[text], [lengths[text]], [alone])
      #expect(together.slice(text..<text + 1, axis: 0).elements == expected.elements)
    }
    // A branch goes its own way.
    let branch = KeyValueLayer(branchOf: caches[1])
    let before = attend(new[1], [4], [caches[1]]).elements
    _ = attend(new[0], [4], [branch])
    #expect(attend(new[1], [4], [caches[1]]).elements == before)
  }
}
