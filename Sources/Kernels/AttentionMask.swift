/// Which keys of its row a query sees: those from the start of its document to itself, but for a range that is hidden
/// from it, as one answer to a prompt is from the next.
package struct AttentionMask: Sendable {
  /// The column at which each query's document begins, [B T].
  let starts: [Int32]
  /// The columns from `starts` up to `ends` that each query does not see, [B T] each.
  let hidden: (starts: [Int32], ends: [Int32])?

  package init(starts: [Int32], hidden: (starts: [Int32], ends: [Int32])? = nil) {
    self.starts = starts
    self.hidden = hidden
  }

  /// Runs `body` with the mask's columns, which threads may pass on: to count references to the arrays, many times a head and by
  /// all threads at once, takes as long as a good part of attention.
  func withColumns<Result>(_ body: (MaskColumns) -> Result) -> Result {
    starts.withUnsafeBufferPointer { starts in
      guard let hidden else { return body(MaskColumns(starts: starts, hidden: nil)) }
      return hidden.starts.withUnsafeBufferPointer { hiddenStarts in
        hidden.ends.withUnsafeBufferPointer { hiddenEnds in
          body(MaskColumns(starts: starts, hidden: (hiddenStarts, hiddenEnds)))
        }
      }
    }
  }

  /// How many keys all queries see together, in rows of `length`.
  func pairs(length: Int) -> Int {
    withColumns { mask in
      starts.indices.reduce(0) { $0 + $1 % length + 1 - mask.start($1) - mask.hiddenColumns($1).count }
    }
  }

  /// The most numbers that a row of scores has, in tiles of `tile` queries of rows of `length`.
  func widestTile(of tile: Int, length: Int) -> Int {
    withColumns { mask in
      var widest = 0
      for row in stride(from: 0, to: starts.count, by: length) {
        for first in stride(from: 0, to: length, by: tile) {
          let keys = TileKeys(mask, row: row, queries: first..<min(first + tile, length), offset: 0)
          widest = max(widest, keys.width)
        }
      }
      return widest
    }
  }
}

/// The columns of an `AttentionMask` where they lie.
struct MaskColumns {
  fileprivate let starts: UnsafeBufferPointer<Int32>
  fileprivate let hidden: (starts: UnsafeBufferPointer<Int32>, ends: UnsafeBufferPointer<Int32>)?

  func start(_ query: Int) -> Int { Int(starts[query]) }

  func hiddenColumns(_ query: Int) -> Range<Int> {
    guard let hidden else { return 0..<0 }
    return Int(hidden.starts[query])..<Int(hidden.ends[query])
  }
}

/// The keys that a tile of queries meets: those from its first document's start to its last query, without a gap that
/// none of its queries sees. In the tile's scores they stand side by side.
struct TileKeys {
  private let low: Int
  private let gap: Range<Int>
  private let high: Int
  private let mask: MaskColumns
  private let row: Int
  private let offset: Int

  /// The keys of `queries` of a row that begins at `row` of the mask; query i stands at column `offset` + i.
  init(_ mask: MaskColumns, row: Int, queries: Range<Int>, offset: Int) {
    self.mask = mask
    self.row = row
    self.offset = offset
    low = mask.start(row + queries.lowerBound)
    high = offset + queries.upperBound
    var gap = mask.hiddenColumns(row + queries.lowerBound)
    for query in queries.dropFirst() where !gap.isEmpty && mask.start(row + query) < gap.upperBound {
      gap = gap.clamped(to: mask.hiddenColumns(row + query))
    }
    self.gap = gap.isEmpty ? high..<high : gap
  }

  /// Numbers in one vector.
  static let block = 16

  /// `count` rounded up to whole blocks.
  static func rounded(_ count: Int) -> Int { (count + block - 1) / block * block }

  /// How many numbers a row of scores for `count` keys has: room for a pair of vectors that begins at any of them.
  static func width(of count: Int) -> Int { (count + 31) / 32 * 32 + 32 }

  /// How many numbers a row of scores has.
  var width: Int { Self.width(of: high - low - gap.count) }

  /// Runs `body` for each run of neighbouring keys: its first column, its place in the scores and how many there are.
  @inline(__always)
  func forEachRun(_ body: (_ column: Int, _ place: Int, _ count: Int) -> Void) {
    if low < gap.lowerBound { body(low, 0, gap.lowerBound - low) }
    if gap.upperBound < high { body(gap.upperBound, gap.lowerBound - low, high - gap.upperBound) }
  }

  /// The places in its row of scores that a query sees: from `begin` up to `end` without those in `hole`; and the whole
  /// blocks around them.
  struct Seen {
    let begin: Int
    let hole: Range<Int>
    let end: Int
    var blocks: Range<Int> { begin / TileKeys.block * TileKeys.block..<TileKeys.rounded(end) }
  }

  /// What a query sees.
  func seen(by query: Int) -> Seen {
    let hidden = mask.hiddenColumns(row + query)
    let (begin, end) = (place(mask.start(row + query)), place(offset + query + 1))
    let hole = hidden.isEmpty ? begin..<begin : place(hidden.lowerBound)..<place(hidden.upperBound)
    return Seen(begin: begin, hole: hole, end: end)
  }

  private func place(_ column: Int) -> Int {
    min(column, gap.lowerBound) + max(0, column - gap.upperBound) - low
  }
}
