/// What of A will be packed soon, as many lines at a time as a tile can fetch. The columns of a transposed A lie far apart and
/// would be waited for one by one. Rows that follow each other without gaps are fetched as if they were one, others each by a
/// tile: it has a line for two steps of K, so that two numbers a line take it to the end of the row.
struct UpcomingRows {
  private let a: RawMatrix
  private let rows: Range<Int>
  private let inner: Range<Int>
  private let reach: Int
  /// Whether gaps lie between rows that are not transposed.
  private let hasGaps: Bool
  /// A line across, and pieces of `reach` lines below each other; of rows, pieces one after the other.
  private let (across, pieces): (Int, Int)
  private var taken = 0

  /// `areRead` says whether rows that are not transposed are packed too.
  init(_ a: RawMatrix, rows: Range<Int>, inner: Range<Int>, lines reach: Int, areRead: Bool) {
    (self.a, self.rows, self.inner, self.reach) = (a, rows, inner, reach)
    hasGaps = !a.isTransposed && a.stride != inner.count
    if rows.isEmpty || !(a.isTransposed || areRead) {
      (across, pieces) = (0, 0)
    } else if a.isTransposed {
      (across, pieces) = ((rows.count + 15) / 16, (inner.count + reach - 1) / reach)
    } else {
      (across, pieces) = (1, hasGaps ? rows.count : (rows.count * a.stride / 16 + reach - 1) / reach)
    }
  }

  mutating func next() -> PrefetchStream? {
    guard taken < across * pieces else { return nil }
    defer { taken += 1 }
    if a.isTransposed {
      let (line, piece) = (taken / pieces * 16, taken % pieces * reach)
      return PrefetchStream(pointer: a.at(rows.lowerBound + line, inner.lowerBound + piece), step: a.stride)
    }
    if hasGaps { return PrefetchStream(pointer: a.at(rows.lowerBound + taken, inner.lowerBound), step: 2) }
    return PrefetchStream(pointer: a.at(rows.lowerBound, 0) + taken * reach * 16, step: 16)
  }
}
