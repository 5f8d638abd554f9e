/// The most rows for which `FewRowsProduct` is the faster way.
let fewRows = 32

/// C [m, n] (+)= A [m, k] B for a few rows of A and a transposed B: a layer's outputs for one token of each of some sequences.
///
/// Reading B is what takes the time. A thread packs what a panel of C's columns needs of a block of K, and uses it while it is in
/// its cache; nobody waits for anybody. Sums are in the order of `PanelProduct`'s.
struct FewRowsProduct<Operand: ProductOperand, Format: PanelFormat> {
  private let c: RawMutableMatrix
  private let a: RawMatrix
  private let b: Operand
  private let format: Format
  private let accumulate: Bool
  private let blocks: KBlocks

  /// `b` is a transposed matrix, `a` is not.
  init(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: Operand, _ format: Format, accumulate: Bool) {
    (self.c, self.a, self.b, self.format, self.accumulate) = (c, a, b, format, accumulate)
    blocks = KBlocks(Format.elements(a.columns))
  }

  private var rowPanels: Int { (c.rows + Panels.height - 1) / Panels.height }

  func run() {
    let threads = Parallel.threads
    let sizeOfA = blocks.count * rowPanels * Panels.size
    let packingSize = Format.scratchSize(Operand.self, columns: Panels.width, inner: blocks.deepest)
    let threadSize = blocks.deepest * Panels.width + TileTarget.edgeSize + packingSize
    let size = sizeOfA + threads * threadSize
    let packedA = Memory.allocate(size)
    defer { Memory.release(packedA, count: size) }
    for block in 0..<blocks.count {
      format.packRows(packedA + block * rowPanels * Panels.size, a, 0..<c.rows, inner: blocks[block])
    }
    Parallel.run((c.columns + Panels.width - 1) / Panels.width, threads: threads) { panel, thread in
      compute(panel * Panels.width, packedA, scratch: packedA + sizeOfA + thread * threadSize)
    }
  }

  /// A panel of columns from `column` on.
  private func compute(_ column: Int, _ packedA: UnsafePointer<Float>, scratch panel: UnsafeMutablePointer<Float>) {
    let edge = panel + blocks.deepest * Panels.width
    let columns = column..<min(c.columns, column + Panels.width)
    for block in 0..<blocks.count {
      let inner = blocks[block]
      format.packColumns(panel, b, columns, inner: inner, scratch: edge + TileTarget.edgeSize)
      for rowPanel in 0..<rowPanels {
        let row = rowPanel * Panels.height
        let target = TileTarget(
          c: c.at(row, column), ldc: c.stride, rows: min(Panels.height, c.rows - row), columns: columns.count,
          accumulate: accumulate || block > 0, edge: edge)
        format.computeRows(
          target, packedA + (block * rowPanels + rowPanel) * Panels.size, stride: Panels.rowStride, panel,
          inner: inner.count, PrefetchStream(pointer: panel, step: 0))
      }
    }
  }
}
