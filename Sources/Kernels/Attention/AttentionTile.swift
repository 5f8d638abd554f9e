/// Queries of a tile.
let attentionTile = 32

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

/// Writes `value` over what a row of scores holds for keys that its query does not see, inside its blocks.
@inline(__always)
func hide(_ scores: UnsafeMutablePointer<Float>, _ seen: TileKeys.Seen, value: Float) {
  func hide(_ places: Range<Int>) {
    for j in places { scores[j] = value }
  }
  hide(seen.blocks.lowerBound..<seen.begin)
  hide(seen.hole)
  hide(seen.end..<seen.blocks.upperBound)
}

/// Writes `zero` over what a row of scores holds outside its blocks; `width` is a multiple of sixteen too.
@inline(__always)
func clear(_ scores: UnsafeMutablePointer<Float>, outside blocks: Range<Int>, width: Int, zero: Float) {
  write(zero, scores, blocks.lowerBound)
  write(zero, scores + blocks.upperBound, width - blocks.upperBound)
}

/// x = value over whole blocks. They are few, and a constant zero would become a call of `memset`, which takes longer.
@inline(__always)
func write(_ value: Float, _ x: UnsafeMutablePointer<Float>, _ n: Int) {
  let lanes = SIMD16(repeating: value)
  for block in stride(from: 0, to: n, by: TileKeys.block) {
    store(lanes, x + block)
  }
}
