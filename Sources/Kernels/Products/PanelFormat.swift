import CProcessor

/// What lies in the 32 bits of an element of a panel, how it gets there, and how a tile multiplies it.
///
/// K is counted in elements wherever panels are meant; an element has `steps` steps of K.
protocol PanelFormat {
  static var steps: Int { get }
  /// Elements of K that a tile takes at once. Blocks of K are multiples of them, filled up with zeros.
  static var unit: Int { get }
  /// Rows of C in a tile, and of a panel of A.
  static var height: Int { get }
  /// From an element of K to the next in a panel of a transposed A.
  static var columnStride: Int { get }
  /// Whether a tile can read rows of A where they are.
  static var readsRowsInPlace: Bool { get }

  /// Floats that packing some elements of B needs beside the panels, on each thread.
  static func scratchSize<Operand: ProductOperand>(_: Operand.Type, columns: Int, inner: Int) -> Int
  /// Packs some columns of a transposed B into panels of 48; the last is filled up with zeros.
  func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    scratch: UnsafeMutablePointer<Float>)
  /// Packs the elements `rows`, counted in `inner`, of a B that is not transposed into panels of 48 of its `columns`.
  func packRows(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    rows: Range<Int>, scratch: UnsafeMutablePointer<Float>)

  /// Packs some rows of A, `Panels.rowStride` elements apart.
  func packRows(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>)
  /// Packs some rows of a transposed A into panels.
  func packColumns(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>)

  /// Runs what computes tiles on this thread.
  func computing(_ tiles: () -> Void)
  /// A tile from a panel's rows of A, `stride` elements apart, and a panel of B, both of `inner` elements.
  func computeRows(
    _ target: TileTarget, _ a: UnsafePointer<Float>, stride: Int, _ b: UnsafePointer<Float>, inner: Int,
    _ prefetch: PrefetchStream)
  /// A tile from a panel of A and one of B.
  func computeColumns(
    _ target: TileTarget, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, inner: Int, _ prefetch: PrefetchStream)
  /// The same, where the panel of B has yet to be packed: from `column` on, of a B that is not transposed.
  func computePacking(
    _ panel: UnsafeMutablePointer<Float>, of b: RawMatrix, column: Int, _ target: TileTarget,
    _ a: UnsafePointer<Float>, inner: Range<Int>, _ prefetch: PrefetchStream)
  /// A slim tile from rows and a panel.
  func computeSlim(_ tile: inout product_tile)
  /// At most 24 rows of an operand as it is stored, their elements `inner`: in their place, or `Panels.rowStride` apart in
  /// `scratch`. `numbers` has room for a row's floats.
  func storedRows(
    of b: some ProductOperand, _ rows: Range<Int>, inner: Range<Int>, scratch: UnsafeMutablePointer<Float>,
    numbers: UnsafeMutablePointer<Float>
  ) -> StoredRows
}

extension PanelFormat {
  static var unit: Int { @inline(__always) get { 1 } }
  static var height: Int { @inline(__always) get { Panels.height } }
  static var columnStride: Int { @inline(__always) get { Panels.height } }
  /// Floats that a panel of A takes.
  static var panelSize: Int { @inline(__always) get { height * Panels.rowStride } }

  @inline(__always)
  func computing(_ tiles: () -> Void) { tiles() }

  func computePacking(
    _ panel: UnsafeMutablePointer<Float>, of b: RawMatrix, column: Int, _ target: TileTarget,
    _ a: UnsafePointer<Float>, inner: Range<Int>, _ prefetch: PrefetchStream
  ) {
    computePacked(panel, of: b, column: column, target, a, inner: inner, prefetch)
  }

  /// Packs the panel first.
  func computePacked(
    _ panel: UnsafeMutablePointer<Float>, of b: RawMatrix, column: Int, _ target: TileTarget,
    _ a: UnsafePointer<Float>, inner: Range<Int>, _ prefetch: PrefetchStream
  ) {
    packRows(panel, b, column..<column + target.columns, inner: inner, rows: 0..<inner.count, scratch: panel)
    computeColumns(target, a, panel, inner: inner.count, prefetch)
  }

  /// Elements of K, filled up to whole units.
  static func elements(_ k: Int) -> Int { (k + steps * unit - 1) / (steps * unit) * unit }

  /// The blocks of K.
  static func blocks(_ k: Int) -> KBlocks { KBlocks(elements(k), unit: unit) }

  /// The steps of K in some elements.
  @inline(__always)
  static func steps(of inner: Range<Int>, k: Int) -> Range<Int> {
    inner.lowerBound * steps..<min(k, inner.upperBound * steps)
  }

  /// The lines that a tile prefetches, for so many elements: one every two steps.
  @inline(__always)
  static func lines(_ inner: Int) -> Int { (inner * steps + 1) / 2 }
}
