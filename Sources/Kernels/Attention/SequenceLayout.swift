/// Where each token of [B, T] stands in its document, and which keys of its row it sees.
public struct SequenceLayout: Sendable, Equatable {
  /// The number of sequences, B.
  public let rows: Int
  /// The length of every sequence, T.
  public let columns: Int
  /// The position of each token in its document, [B T].
  public let positions: [Int32]
  /// What attention sees.
  public let visible: VisibleKeys

  /// A layout as given. Every token sees itself, and nothing outside its row.
  public init(rows: Int, columns: Int, positions: [Int32], visible: VisibleKeys) {
    require(
      positions.count == rows * columns && visible.firsts.count == rows * columns,
      "\(positions.count) positions and \(visible.firsts.count) visible keys for \(rows) x \(columns) tokens")
    for token in positions.indices {
      let column = Int32(token % columns)
      let (first, end) = (visible.firsts[token], visible.ends[token])
      require(
        0 <= first && first <= column && column < end && end <= columns,
        "token \(token), column \(column) of \(columns), cannot see the columns \(first) up to \(end)")
      guard let gap = visible.gap, gap.starts[token] != gap.ends[token] else { continue }
      let (low, high) = (gap.starts[token], gap.ends[token])
      require(
        first <= low && low < high && high <= end && !(low..<high).contains(column),
        "columns \(low) up to \(high) cannot be hidden from token \(token), column \(column), of \(first) up to \(end)")
    }
    (self.rows, self.columns, self.positions, self.visible) = (rows, columns, positions, visible)
  }

  /// Causal attention inside documents: a token sees its document, which begins at a column of `documentStarts`, up to itself,
  /// without `gap`.
  public init(
    rows: Int, columns: Int, positions: [Int32], documentStarts: [Int32], gap: VisibleKeys.Gap? = nil
  ) {
    let ends = (0..<rows).flatMap { _ in Int32(1)..<Int32(columns + 1) }
    self.init(
      rows: rows, columns: columns, positions: positions,
      visible: VisibleKeys(firsts: documentStarts, ends: ends, gap: gap))
  }

  /// Causal attention in rows that are one document each: positions 0..<T.
  public init(rows: Int, columns: Int) {
    self.init(
      rows: rows, columns: columns, positions: (0..<rows).flatMap { _ in 0..<Int32(columns) },
      documentStarts: [Int32](repeating: 0, count: rows * columns))
  }

  /// The same with at most `width` keys for a token, itself and those at the positions before it (sliding windows: Beltagy et
  /// al. 2020). A window goes on before a gap over which positions do: an answer sees the end of the prompt that it shares,
  /// whatever lies between them in the row. A gap that a window reaches into is cut.
  public func windowed(to width: Int) -> SequenceLayout {
    require(width > 0, "a window of \(width) keys")
    require(isCausal, "a window of keys before a token, for tokens that see later ones")
    let firsts = visible.firsts.indices.map { token in windowStart(token, width: width) }
    let gap = visible.gap.map { gap in
      let starts = zip(gap.starts, firsts).map { max($0, $1) }
      return VisibleKeys.Gap(starts: zip(starts, gap.ends).map { min($0, $1) }, ends: gap.ends)
    }
    return with(VisibleKeys(firsts: firsts, ends: visible.ends, gap: gap))
  }

  /// The first column that a token sees of what it saw, at positions above its own less `width`. Positions rise by one from
  /// column to column, but for the gap.
  private func windowStart(_ token: Int, width: Int) -> Int32 {
    let (row, column) = (token / columns * columns, Int32(token % columns))
    let start = Int64(column) - Int64(width) + 1
    guard let gap = visible.gap, gap.starts[token] < gap.ends[token], start < gap.ends[token],
      visible.firsts[token] < gap.starts[token]
    else { return max(visible.firsts[token], Int32(clamping: start)) }
    let before = gap.starts[token] - 1
    let distance = positions[token] - positions[row + Int(before)]
    let reach = Int64(before) + Int64(distance) - Int64(width) + 1
    return reach > before ? gap.ends[token] : max(visible.firsts[token], Int32(clamping: reach))
  }

  /// The same with every token seeing all of its document, as in an encoder. Documents are told apart by where they begin.
  public func bidirectional() -> SequenceLayout {
    require(visible.gap == nil, "keys that are hidden from what follows them cannot be seen from both sides")
    require(
      isCausal
        && visible.firsts.indices.allSatisfy { token in
          let (first, column) = (visible.firsts[token], Int32(token % columns))
          return first == column || (column > 0 && first == visible.firsts[token - 1])
        }, "documents of which tokens see only a part cannot be told apart")
    var ends = visible.ends
    for token in ends.indices.reversed() where (token + 1) % columns != 0 {
      if visible.firsts[token] == visible.firsts[token + 1] { ends[token] = ends[token + 1] }
    }
    return with(VisibleKeys(firsts: visible.firsts, ends: ends))
  }

  /// Some of the sequences.
  public func slice(rows range: Range<Int>) -> SequenceLayout {
    let tokens = range.lowerBound * columns..<range.upperBound * columns
    let gap = visible.gap.map {
      VisibleKeys.Gap(starts: Array($0.starts[tokens]), ends: Array($0.ends[tokens]))
    }
    return SequenceLayout(
      rows: range.count, columns: columns, positions: Array(positions[tokens]),
      visible: VisibleKeys(firsts: Array(visible.firsts[tokens]), ends: Array(visible.ends[tokens]), gap: gap))
  }

  /// The tokens of each document, which begin to see at one column of one row, and one more than the last of their positions.
  public var documents: [(tokens: Range<Int>, reach: Int)] {
    var documents: [(tokens: Range<Int>, reach: Int)] = []
    for token in positions.indices {
      let reach = Int(positions[token]) + 1
      if token % columns != 0, visible.firsts[token] == visible.firsts[token - 1] {
        let last = documents.removeLast()
        documents.append((last.tokens.lowerBound..<token + 1, max(last.reach, reach)))
      } else {
        documents.append((token..<token + 1, reach))
      }
    }
    return documents
  }

  /// Whether no token sees a later one.
  private var isCausal: Bool { visible.ends.indices.allSatisfy { Int(visible.ends[$0]) == $0 % columns + 1 } }

  private func with(_ visible: VisibleKeys) -> SequenceLayout {
    SequenceLayout(rows: rows, columns: columns, positions: positions, visible: visible)
  }
}
