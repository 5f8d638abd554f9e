/// Queries of a tile: two tiles of scores for short rows stay in the first level of the cache.
let attentionTile = 32

/// The keys that a tile of queries needs: from the first to the last that any of them sees, without a gap that none of them sees.
/// In the tile's scores they stand side by side.
struct TileKeys {
  private let low: Int
  private let gap: Range<Int>
  private let high: Int
  private let visible: RawVisibleKeys
  private let row: Int
  private let queries: Range<Int>

  /// The keys of `queries` of a row whose first token is token `row`. Runs of them begin at multiples of `alignment`: with 2 there may
  /// be a key before, or some in a gap, that no query sees.
  init(_ visible: RawVisibleKeys, row: Int, queries: Range<Int>, alignment: Int) {
    var (low, high) = (Int.max, 0)
    for query in queries {
      low = min(low, visible.first(row + query))
      high = max(high, visible.end(row + query))
    }
    var gap = visible.gap(row + queries.lowerBound)
    for query in queries.dropFirst() where !gap.isEmpty && visible.first(row + query) < gap.upperBound {
      gap = gap.clamped(to: visible.gap(row + query))
    }
    (self.visible, self.row, self.queries) = (visible, row, queries)
    (self.low, self.high) = (low / alignment * alignment, high)
    let begin = (gap.lowerBound + alignment - 1) / alignment * alignment
    gap = begin..<max(begin, gap.upperBound / alignment * alignment)
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
    let hidden = visible.gap(row + query)
    let (begin, end) = (place(visible.first(row + query)), place(visible.end(row + query)))
    let hole = hidden.isEmpty ? begin..<begin : place(hidden.lowerBound)..<place(hidden.upperBound)
    return Seen(begin: begin, hole: hole, end: end)
  }

  /// The place behind the last that one of some queries sees; `rows` are counted in the tile.
  func end(seenBy rows: Range<Int>) -> Int {
    rows.reduce(0) { max($0, seen(by: queries.lowerBound + $1).end) }
  }

  /// How many queries come before the first that sees one of some places.
  func queriesBefore(_ places: Range<Int>) -> Int {
    let first = queries.first { query in
      let seen = seen(by: query)
      return seen.begin < places.upperBound && places.lowerBound < seen.end
    }
    return (first ?? queries.upperBound) - queries.lowerBound
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

/// x = value over whole blocks.
@inline(__always)
func write(_ value: Float, _ x: UnsafeMutablePointer<Float>, _ n: Int) {
  let lanes = SIMD16(repeating: value)
  for block in stride(from: 0, to: n, by: TileKeys.block) {
    store(lanes, x + block)
  }
}
