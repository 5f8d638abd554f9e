import Kernels
import Testing

@Suite struct SequenceLayoutTests {
  /// The columns that a token sees.
  private func columns(_ layout: SequenceLayout, _ token: Int) -> [Int] {
    layout.visible.keys[token].filter { !(layout.visible.hidden?[token].contains($0) ?? false) }
  }

  @Test(arguments: [1, 2, 3, 32, 33, 1000]) func aWindowIsTheLastOfWhatATokenSaw(_ width: Int) {
    for sample in [
      AttentionCase(2, 40, 1, 1, 1), AttentionCase(2, 70, 1, 1, 1, [50, 1, 30]),
      AttentionCase.pairs([[20, 30, 40], [5, 1, 1]], 1, 1, 1), AttentionCase(2, 70, 1, 1, 1, [40]).hiding(seed: 1),
    ] {
      let windowed = sample.layout.windowed(to: width)
      for token in sample.layout.positions.indices {
        let column = token % sample.layout.columns
        #expect(columns(windowed, token) == columns(sample.layout, token).filter { $0 > column - width })
      }
      #expect(windowed.positions == sample.layout.positions)
    }
  }

  /// Of a row [prompt | chosen | rejected] an answer sees the last positions before it, not the last columns.
  @Test(arguments: [1, 2, 5, 8, 100]) func aWindowGoesOnBeforeAGap(_ width: Int) {
    let (prompt, chosen, rejected) = (7, 4, 9)
    let positions = Array(0..<prompt + chosen) + Array(prompt..<prompt + rejected)
    let end = prompt + chosen
    let starts = [Int32](repeating: Int32(prompt), count: end + rejected)
    let gap = VisibleKeys.Gap(
      starts: starts, ends: starts.prefix(end) + [Int32](repeating: Int32(end), count: rejected))
    let layout = SequenceLayout(
      rows: 1, columns: end + rejected, positions: positions.map(Int32.init),
      documentStarts: [Int32](repeating: 0, count: end + rejected), gap: gap)
    let windowed = layout.windowed(to: width)
    for token in positions.indices {
      let expected = columns(layout, token).filter { positions[$0] > positions[token] - width }
      #expect(columns(windowed, token) == expected && expected.count == min(width, positions[token] + 1))
    }
  }

  @Test func inBothDirectionsATokenSeesItsDocument() {
    let starts: [Int32] = [0, 0, 0, 3, 4, 4] + [0, 0, 0, 0, 0, 0] + [0, 1, 1, 1, 1, 5]
    let layout = SequenceLayout(rows: 3, columns: 6, positions: starts.map { _ in 7 }, documentStarts: starts)
    let expected = VisibleKeys(firsts: starts, ends: [3, 3, 3, 4, 6, 6] + [6, 6, 6, 6, 6, 6] + [1, 5, 5, 5, 5, 6])
    #expect(layout.bidirectional().visible == expected)
    #expect(layout.bidirectional().positions == layout.positions)
  }

  @Test func aSliceIsWhatItsRowsAre() {
    let sample = AttentionCase(3, 20, 1, 1, 1, [4, 9, 30]).hiding(seed: 3).layout
    for rows in [0..<1, 1..<3, 0..<3, 2..<2] {
      let slice = sample.slice(rows: rows)
      #expect(slice.rows == rows.count && slice.columns == 20)
      for token in 0..<rows.count * 20 {
        let original = rows.lowerBound * 20 + token
        #expect(columns(slice, token) == columns(sample, original))
        #expect(slice.positions[token] == sample.positions[original])
      }
    }
    #expect(AttentionCase(3, 20, 1, 1, 1).layout.slice(rows: 1..<3).visible.gap == nil)
  }

  /// The kernels are built without checks of their own: what would make them read beyond a row ends the program here.
  @Test func impossibleLayoutsAreRefused() async {
    await #expect(processExitsWith: .success) { _ = Self.layout(firsts: [0, 0], ends: [1, 2]) }
    await #expect(processExitsWith: .failure) { _ = Self.layout(firsts: [0, 0], ends: [1, 3]) }
    await #expect(processExitsWith: .failure) { _ = Self.layout(firsts: [0, -1], ends: [1, 2]) }
    await #expect(processExitsWith: .failure) { _ = Self.layout(firsts: [1, 0], ends: [2, 2]) }
    await #expect(processExitsWith: .failure) {
      _ = Self.layout(firsts: [0, 0], ends: [1, 2], gap: VisibleKeys.Gap(starts: [0, 1], ends: [0, 2]))
    }
    await #expect(processExitsWith: .failure) { _ = Self.layout(firsts: [0], ends: [1]) }
    await #expect(processExitsWith: .failure) {
      _ = SequenceLayout(rows: 1, columns: 4).bidirectional().windowed(to: 2)
    }
    await #expect(processExitsWith: .failure) {
      _ = SequenceLayout(rows: 1, columns: 4).windowed(to: 2).bidirectional()
    }
  }

  @Test func aBufferDoesNotReachBeyondItsStorage() async {
    await #expect(processExitsWith: .failure) { _ = Storage(count: 8).buffer[4..<9] }
    await #expect(processExitsWith: .failure) { _ = Storage(count: 8).mutableBuffer[0..<6][2..<7] }
  }

  private static func layout(firsts: [Int32], ends: [Int32], gap: VisibleKeys.Gap? = nil) -> SequenceLayout {
    SequenceLayout(
      rows: 1, columns: 2, positions: [0, 1], visible: VisibleKeys(firsts: firsts, ends: ends, gap: gap))
  }
}
