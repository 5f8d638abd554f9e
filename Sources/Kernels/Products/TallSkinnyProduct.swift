/// C [m, n] = A^T B for matrices of many rows, A [k, m] and B [k, n], and m is small, as in the gradient of a weight.
///
/// All threads pack some parts of A, [k, 8] a panel, and then take panels of C's columns one by one. What belongs to them of B is
/// copied by the first tile that uses it.
struct TallProduct {
  private let c: UnsafeMutablePointer<Float>
  private let ldc: Int
  private let a: UnsafePointer<Float>
  private let lda: Int
  private let b: UnsafePointer<Float>
  private let ldb: Int
  private let (m, n, k): (Int, Int, Int)
  private let accumulate: Bool
  private let parts: InnerParts
  private let rowPanels: Int
  private let columnPanels: Int

  /// Whether this is the faster way: all panels of A fit in the cache, and there are enough of B for all threads.
  static func isSuitable(m: Int, n: Int) -> Bool { m <= 384 && n >= 384 }

  init(
    _ c: UnsafeMutablePointer<Float>, ldc: Int, _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>,
    ldb: Int, m: Int, n: Int, k: Int, accumulate: Bool
  ) {
    (self.c, self.ldc, self.a, self.lda, self.b, self.ldb) = (c, ldc, a, lda, b, ldb)
    (self.m, self.n, self.k, self.accumulate) = (m, n, k, accumulate)
    parts = InnerParts(k)
    rowPanels = (m + Panels.height - 1) / Panels.height
    columnPanels = (n + Panels.width - 1) / Panels.width
  }

  func run() {
    // As many parts as leave half of the second level of the cache to B.
    let partSize = rowPanels * Panels.size
    let together = parts.together(size: partSize)
    let threadSize = Panels.depth * Panels.width + TileTarget.edgeSize
    let size = together * partSize + Parallel.threads * threadSize
    let packed = Memory.allocate(size)
    defer { Memory.release(packed, count: size) }
    for part in stride(from: 0, to: parts.count, by: together) {
      let group = part..<min(parts.count, part + together)
      packA(packed, group, partSize: partSize)
      Parallel.run(columnPanels) { columnPanel, thread in
        let scratch = packed + together * partSize + thread * threadSize
        for part in group {
          compute(
            columnPanel, part, a: packed + (part - group.lowerBound) * partSize, panel: scratch,
            edge: scratch + Panels.depth * Panels.width,
            next: next(after: columnPanel, part, in: group, on: thread))
        }
      }
    }
  }

  /// What a thread is likely to compute after a part of a panel.
  private func next(
    after columnPanel: Int, _ part: Int, in group: Range<Int>, on thread: Int
  ) -> (columnPanel: Int, part: Int)? {
    if part + 1 < group.upperBound { return (columnPanel, part + 1) }
    if let next = Parallel.likelyNext(after: columnPanel, of: columnPanels, on: thread) {
      return (next, group.lowerBound)
    }
    guard group.upperBound < parts.count else { return nil }
    return (Parallel.likelyFirst(of: columnPanels, on: thread), group.upperBound)
  }

  private func packA(_ packed: UnsafeMutablePointer<Float>, _ group: Range<Int>, partSize: Int) {
    let grain = max(1, 16384 / m)
    let pieces = (parts.deepest + grain - 1) / grain
    Parallel.run(group.count * pieces) { piece, _ in
      let part = group.lowerBound + piece / pieces
      let inner = parts[part]
      let first = min(piece % pieces * grain, inner.count)
      Panels.packColumns(
        packed + (part - group.lowerBound) * partSize + first * Panels.height, a + (inner.lowerBound + first) * lda,
        stride: lda, columns: m, k: min(grain, inner.count - first))
    }
  }

  /// Adds what a part of the inner size gives to a panel of columns. `next` is what this thread is likely to compute after it.
  private func compute(
    _ columnPanel: Int, _ part: Int, a: UnsafePointer<Float>, panel: UnsafeMutablePointer<Float>,
    edge: UnsafeMutablePointer<Float>, next: (columnPanel: Int, part: Int)?
  ) {
    let inner = parts[part]
    let column = columnPanel * Panels.width
    let source = b + inner.lowerBound * ldb + column
    let coming = next.map { b + parts[$0.part].lowerBound * ldb + $0.columnPanel * Panels.width } ?? source
    for rowPanel in 0..<rowPanels {
      let row = rowPanel * Panels.height
      let target = TileTarget(
        c: c + row * ldc + column, ldc: ldc, rows: min(Panels.height, m - row), columns: min(Panels.width, n - column),
        accumulate: accumulate || part > 0, edge: edge)
      let a = a + rowPanel * Panels.size
      // A tile fetches half of a column of lines, of which a panel has three.
      let half = rowPanel % 2 * ((inner.count + 1) / 2)
      let ahead =
        rowPanel < 6 ? Ahead(pointer: coming + rowPanel / 2 * 16 + half * ldb, step: ldb) : Ahead(pointer: a, step: 0)
      if rowPanel > 0 {
        target.compute(Columns(a: a, b: panel), inner.count, ahead)
      } else if target.isFull {
        target.compute(ColumnsCopyingB(a: a, b: source, stride: ldb, panel: panel), inner.count, ahead)
      } else {
        Panels.packB(panel, source, stride: ldb, columns: target.columns, k: inner.count, rows: 0..<inner.count)
        target.compute(Columns(a: a, b: panel), inner.count, ahead)
      }
    }
  }
}
