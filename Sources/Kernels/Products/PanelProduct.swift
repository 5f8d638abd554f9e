import CProcessor

/// A product of matrices with AVX-512, after K. Goto and R. van de Geijn, "Anatomy of High-Performance Matrix
/// Multiplication" (2008): tiles of 8 x 48 sums, with AMX 16 x 48, stay in registers while K passes by. B is copied into
/// panels, and so is a transposed A; rows of A are read in place.
///
/// K is cut into blocks, which all threads go through together: they pack some blocks of B, and then take blocks of C's rows one
/// by one. The order of every sum depends on K alone, so neither the thread count nor the other rows and columns change a bit
/// of it.
struct PanelProduct<Operand: ProductOperand, Format: PanelFormat> {
  private let c: RawMutableMatrix
  private let a: RawMatrix
  private let b: Operand
  private let format: Format
  private let accumulate: Bool
  private let blocks: KBlocks
  /// Columns that are worked on at a time: B's panels of them fit in the last level of the cache.
  private let widest: Int
  private let rowPanels: Int
  private let rowBlocks: Int
  private let grid: ProductGrid?
  private let threads = Parallel.threads

  private var m: Int { c.rows }
  private var n: Int { c.columns }

  init(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: Operand, _ format: Format, accumulate: Bool) {
    (self.c, self.a, self.b, self.format, self.accumulate) = (c, a, b, format, accumulate)
    let (m, n) = (c.rows, c.columns)
    blocks = Format.blocks(a.columns)
    let ranges = (n + 2047) / 2048
    widest = ((n + ranges - 1) / ranges + Panels.width - 1) / Panels.width * Panels.width
    rowPanels = (m + Format.height - 1) / Format.height
    // Enough blocks that a slow thread leaves some to the others, but not so small that B's panels are hardly used; an even
    // number of them, as the last of an odd one is waited for.
    let pairs = max(rowPanels / 32, min(a.isTransposed ? 4 : 12, rowPanels / 12))
    grid = ProductGrid(
      rowPanels: rowPanels, columnPanels: widest / Panels.width, threads: threads, packsA: a.isTransposed)
    rowBlocks = grid?.rowBlocks ?? max(1, 2 * pairs)
  }

  func run() {
    // As many blocks as leave half of the second level of the cache to A.
    let together = blocks.together(size: blocks.deepest * widest)
    let largestBlock = (0..<rowBlocks).reduce(0) { max($0, panelsBefore($1 + 1) - panelsBefore($1)) }
    let blockSize = largestBlock * Format.panelSize + Panels.rowStride
    let threadSize = max(
      blockSize + TileTarget.edgeSize,
      Format.scratchSize(Operand.self, columns: min(n, widest), inner: blocks.deepest))
    let sizeOfB = together * blocks.deepest * widest
    let size = sizeOfB + threads * threadSize
    let packed = Memory.allocate(size)
    defer { Memory.release(packed, count: size) }
    for first in stride(from: 0, to: n, by: widest) {
      let columns = first..<min(n, first + widest)
      for block in stride(from: 0, to: blocks.count, by: together) {
        let group = block..<min(blocks.count, block + together)
        packB(packed, columns, group, scratch: packed + sizeOfB, threadSize: threadSize)
        multiply(packed, columns, group, scratch: packed + sizeOfB, threadSize: threadSize)
      }
    }
  }

  /// Adds what a group of K blocks gives to some columns of C.
  private func multiply(
    _ packedB: UnsafePointer<Float>, _ columns: Range<Int>, _ group: Range<Int>,
    scratch: UnsafeMutablePointer<Float>, threadSize: Int
  ) {
    let panels = (columns.count + Panels.width - 1) / Panels.width
    let columnBlocks = self.columnBlocks(panels: panels)
    let units = rowBlocks * columnBlocks
    Parallel.run(units, threads: threads) { unit, thread in
      let scratch = scratch + thread * threadSize
      let (rowBlock, columnBlock) = (unit / columnBlocks, unit % columnBlocks)
      let rows = self.rows(of: rowBlock)
      let next = Parallel.likelyNext(after: unit, of: units, on: thread).map { $0 / columnBlocks } ?? rowBlock
      format.computing {
        for kBlock in group {
          let block = Block(
            product: self, rows: rows, columns: columns,
            panels: panels * columnBlock / columnBlocks..<panels * (columnBlock + 1) / columnBlocks,
            inner: blocks[kBlock],
            accumulate: accumulate || kBlock > 0, packedA: scratch,
            packedB: packedB + offset(of: kBlock, in: group, panels: panels),
            edge: scratch + threadSize - TileTarget.edgeSize)
          if kBlock + 1 < group.upperBound {
            block.run(before: rows, blocks[kBlock + 1])
          } else {
            block.run(before: next != rowBlock ? self.rows(of: next) : 0..<0, blocks[group.lowerBound])
          }
        }
      }
    }
  }

  /// Where the panels of B of a K block begin.
  private func offset(of block: Int, in group: Range<Int>, panels: Int) -> Int {
    (blocks[block].lowerBound - blocks[group].lowerBound) * panels * Panels.width
  }

  /// Few rows are shared by several blocks of columns.
  private func columnBlocks(panels: Int) -> Int {
    if let grid { return min(panels, grid.columnBlocks) }
    guard rowBlocks < 8, m * panels * Panels.width * blocks.deepest > 1 << 20 else { return 1 }
    return max(1, min((7 + rowBlocks) / rowBlocks, panels / 4))
  }

  /// The rows of a block. For two threads, blocks become smaller from both ends, where threads begin, to the middle, where the
  /// last are waited for: three times as large there as here.
  private func rows(of block: Int) -> Range<Int> {
    panelsBefore(block) * Format.height..<min(m, panelsBefore(block + 1) * Format.height)
  }

  private func panelsBefore(_ block: Int) -> Int {
    if grid != nil { return rowPanels * block / rowBlocks }
    guard 2 * block <= rowBlocks else { return rowPanels - panelsBefore(rowBlocks - block) }
    return rowPanels * block * (3 * rowBlocks - 2 * block) / (2 * rowBlocks * rowBlocks)
  }

  /// Packs a group of K blocks of B, in pieces that are whole rows of it as it is stored.
  private func packB(
    _ out: UnsafeMutablePointer<Float>, _ columns: Range<Int>, _ group: Range<Int>,
    scratch: UnsafeMutablePointer<Float>, threadSize: Int
  ) {
    let panels = (columns.count + Panels.width - 1) / Panels.width
    let floats = Parallel.grain(16384, of: group.count * blocks.deepest * columns.count)
    let grain = max(1, floats / (b.isTransposed ? Panels.width * blocks.deepest : columns.count))
    let pieces = ((b.isTransposed ? panels : blocks.deepest) + grain - 1) / grain
    Parallel.run(group.count * pieces, threads: threads) { piece, thread in
      let block = group.lowerBound + piece / pieces
      let (inner, first) = (blocks[block], piece % pieces * grain)
      let out = out + offset(of: block, in: group, panels: panels)
      let scratch = scratch + thread * threadSize
      if b.isTransposed {
        let some = first * Panels.width..<min(columns.count, (first + grain) * Panels.width)
        format.packColumns(
          out + some.lowerBound * inner.count, b,
          columns.lowerBound + some.lowerBound..<columns.lowerBound + some.upperBound, inner: inner, scratch: scratch)
      } else {
        format.packRows(
          out, b, columns, inner: inner, rows: min(first, inner.count)..<min(first + grain, inner.count),
          scratch: scratch)
      }
    }
  }

  /// Some rows of C and some panels of columns, for a block of K.
  private struct Block {
    let product: PanelProduct
    let rows: Range<Int>
    /// The columns that B is packed for, and which of their panels are meant.
    let columns: Range<Int>
    let panels: Range<Int>
    let inner: Range<Int>
    let accumulate: Bool
    let packedA: UnsafeMutablePointer<Float>
    let packedB: UnsafePointer<Float>
    let edge: UnsafeMutablePointer<Float>

    /// Computes the block. `next` and `nextInner` are what of A this thread is likely to pack after it.
    func run(before next: Range<Int>, _ nextInner: Range<Int>) {
      packA()
      let k = inner.count
      let lines = Format.lines(k)
      var upcoming = UpcomingRows(
        product.a, rows: next, inner: Format.steps(of: nextInner, k: product.a.columns), lines: lines,
        areRead: copiesRowsOfA)
      for panel in panels {
        let b = packedB + panel * Panels.width * k
        let column = columns.lowerBound + panel * Panels.width
        for row in stride(from: rows.lowerBound, to: rows.upperBound, by: Format.height) {
          // While a tile is computed, k / 2 lines are fetched: the next eight rows of A when they are read for the first time,
          // else a sixth (of pairs a third) of the next panel of B, or some of the next block of A.
          let index = (row - rows.lowerBound) / Format.height
          let prefetch =
            if Format.readsRowsInPlace, panel == panels.lowerBound, isWithoutGaps {
              PrefetchStream(pointer: product.a.at(row + Format.height, 0), step: 16)
            } else if panel + 1 < panels.upperBound, index < 6 / Format.steps {
              PrefetchStream(pointer: b + Panels.width * k + index * 8 * Format.steps * k, step: 16)
            } else {
              upcoming.next() ?? PrefetchStream(pointer: b, step: 0)
            }
          compute(
            TileTarget(
              c: product.c.at(row, column), ldc: product.c.stride,
              rows: min(Format.height, rows.upperBound - row),
              columns: min(Panels.width, columns.upperBound - column), accumulate: accumulate, edge: edge),
            packedA + index * Format.panelSize, b, row: row, prefetch)
        }
      }
    }

    /// A tile of C from a panel of B and eight rows of A: packed or, if there are eight, in their place.
    private func compute(
      _ target: TileTarget, _ packed: UnsafePointer<Float>, _ b: UnsafePointer<Float>, row: Int,
      _ prefetch: PrefetchStream
    ) {
      let a = product.a
      if a.isTransposed {
        product.format.computeColumns(target, packed, b, inner: inner.count, prefetch)
      } else if copiesRowsOfA || target.rows < Format.height {
        product.format.computeRows(target, packed, stride: Panels.rowStride, b, inner: inner.count, prefetch)
      } else {
        product.format.computeRows(
          target, a.at(row, inner.lowerBound), stride: a.stride, b, inner: inner.count, prefetch)
      }
    }

    /// Whether rows of A follow each other line by line.
    private var isWithoutGaps: Bool { !product.a.isTransposed && product.a.stride == inner.count }

    /// Rows of floats are read in place. Only where many panels of B use them and they compete for the same sets of the cache, a
    /// copy takes less time.
    private var copiesRowsOfA: Bool {
      !Format.readsRowsInPlace || (panels.count > 4 && product.a.stride % 1024 == 0)
    }

    private func packA() {
      if product.a.isTransposed {
        product.format.packColumns(packedA, product.a, rows, inner: inner)
      } else {
        let first = copiesRowsOfA ? 0 : rows.count / Format.height
        product.format.packRows(
          packedA + first * Format.panelSize, product.a, rows.lowerBound + first * Format.height..<rows.upperBound,
          inner: inner)
      }
    }
  }
}
