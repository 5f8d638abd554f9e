/// C [m, n] = A B for a transposed A, stored [k, m], and B [k, n], where m is small and k is not: the gradient of a weight.
///
/// All threads pack some K blocks of A, and then take panels of C's columns one by one. What belongs to them of B
/// is copied by the first tile that uses it.
struct TallSkinnyProduct<Format: PanelFormat> {
  private let c: RawMutableMatrix
  private let a: RawMatrix
  private let b: RawMatrix
  private let format: Format
  private let accumulate: Bool
  private let blocks: KBlocks
  private let rowPanels: Int
  private let columnPanels: Int

  private var m: Int { c.rows }
  private var n: Int { c.columns }

  /// `a` is a transposed matrix, `b` is not.
  init(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: RawMatrix, _ format: Format, accumulate: Bool) {
    (self.c, self.a, self.b, self.format, self.accumulate) = (c, a, b, format, accumulate)
    blocks = Format.blocks(a.columns)
    rowPanels = (c.rows + Format.height - 1) / Format.height
    columnPanels = (c.columns + Panels.width - 1) / Panels.width
  }

  func run() {
    // As many blocks as leave half of the second level of the cache to B.
    let blockSize = rowPanels * Format.panelSize
    let together = blocks.together(size: blockSize)
    let threadSize = Panels.depth * Panels.width + TileTarget.edgeSize
    let threads = Parallel.threads
    let size = together * blockSize + threads * threadSize
    let packed = Memory.allocate(size)
    defer { Memory.release(packed, count: size) }
    for block in stride(from: 0, to: blocks.count, by: together) {
      let group = block..<min(blocks.count, block + together)
      packA(packed, group, blockSize: blockSize)
      Parallel.run(columnPanels, threads: threads) { columnPanel, thread in
        let scratch = packed + together * blockSize + thread * threadSize
        format.computing {
          for block in group {
            compute(
              columnPanel, block, a: packed + (block - group.lowerBound) * blockSize, panel: scratch,
              edge: scratch + Panels.depth * Panels.width,
              next: next(after: columnPanel, block, in: group, on: thread),
              nextA: block + 1 == group.upperBound ? upcomingA(after: group, for: columnPanel) : nil)
          }
        }
      }
    }
  }

  /// What a thread is likely to compute after a K block of a panel.
  private func next(
    after columnPanel: Int, _ block: Int, in group: Range<Int>, on thread: Int
  ) -> (columnPanel: Int, block: Int)? {
    if block + 1 < group.upperBound { return (columnPanel, block + 1) }
    if let next = Parallel.likelyNext(after: columnPanel, of: columnPanels, on: thread) {
      return (next, group.lowerBound)
    }
    guard group.upperBound < blocks.count else { return nil }
    return (Parallel.likelyFirst(of: columnPanels, on: thread), group.upperBound)
  }

  /// The share of a panel of columns in the A that is packed after a group, as it is stored: who computes the panel is likely to
  /// pack it.
  private func upcomingA(after group: Range<Int>, for columnPanel: Int) -> UpcomingRows? {
    guard group.upperBound < blocks.count else { return nil }
    let end = min(blocks.count, group.upperBound + group.count)
    let steps = Format.steps(of: blocks[group.upperBound..<end], k: a.columns)
    func bound(_ panel: Int) -> Int { steps.lowerBound + steps.count * panel / columnPanels }
    return UpcomingRows(
      a.transposed, rows: bound(columnPanel)..<bound(columnPanel + 1), inner: 0..<m,
      lines: Format.lines(blocks[group.lowerBound].count), areRead: a.stride == m)
  }

  private func packA(_ packed: UnsafeMutablePointer<Float>, _ group: Range<Int>, blockSize: Int) {
    let grain = max(1, Parallel.grain(16384, of: group.count * blocks.deepest * m) / m)
    let pieces = (blocks.deepest + grain - 1) / grain
    Parallel.run(group.count * pieces) { piece, _ in
      let block = group.lowerBound + piece / pieces
      let inner = blocks[block]
      let first = min(piece % pieces * grain, inner.count)
      format.packColumns(
        packed + (block - group.lowerBound) * blockSize + first * Format.columnStride, a, 0..<m,
        inner: inner.lowerBound + first..<min(inner.lowerBound + first + grain, inner.upperBound))
    }
  }

  /// Adds what a block of K gives to a panel of columns. `next` is what this thread is likely to compute after it, `nextA` what
  /// of A it is likely to pack.
  private func compute(
    _ columnPanel: Int, _ block: Int, a: UnsafePointer<Float>, panel: UnsafeMutablePointer<Float>,
    edge: UnsafeMutablePointer<Float>, next: (columnPanel: Int, block: Int)?, nextA: UpcomingRows?
  ) {
    var nextA = nextA
    let inner = blocks[block]
    let lines = Format.lines(inner.count)
    let column = columnPanel * Panels.width
    let source = b.at(inner.lowerBound * Format.steps, column)
    let upcoming =
      next.map { b.at(blocks[$0.block].lowerBound * Format.steps, $0.columnPanel * Panels.width) } ?? source
    for rowPanel in 0..<rowPanels {
      let row = rowPanel * Format.height
      let target = TileTarget(
        c: c.at(row, column), ldc: c.stride, rows: min(Format.height, m - row), columns: min(Panels.width, n - column),
        accumulate: accumulate || block > 0, edge: edge)
      let a = a + rowPanel * Format.panelSize
      // A tile fetches half of a column of lines, of which a panel has three. The last six do: until then A, which passes by as
      // a whole, would push them out of the cache again.
      let index = rowPanel - max(0, rowPanels - 6)
      let half = index % 2 * lines
      let prefetch =
        index < 0
        ? nextA?.next() ?? PrefetchStream(pointer: a, step: 0)
        : PrefetchStream(pointer: upcoming + index / 2 * 16 + half * b.stride, step: b.stride)
      if rowPanel > 0 {
        format.computeColumns(target, a, panel, inner: inner.count, prefetch)
      } else {
        format.computePacking(panel, of: b, column: column, target, a, inner: inner, prefetch)
      }
    }
  }
}
