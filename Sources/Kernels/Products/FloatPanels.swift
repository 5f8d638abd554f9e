import CProcessor

/// Panels of floats.
struct FloatPanels: PanelFormat {
  let instructions: TileInstructions

  /// The way that suits this processor.
  static let chosen = FloatPanels(instructions: .chosen)

  static var steps: Int { @inline(__always) get { 1 } }
  static var readsRowsInPlace: Bool { @inline(__always) get { true } }

  static func scratchSize<Operand: ProductOperand>(_: Operand.Type, columns: Int, inner: Int) -> Int {
    Operand.scratchSize(columns: columns, k: inner)
  }

  func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    b.packColumns(out, columns, inner: inner, scratch: scratch)
  }

  func packRows(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    rows: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    b.packRows(out, columns, inner: inner, rows: rows, scratch: scratch)
  }

  func packRows(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>) {
    Panels.packRows(
      out, a.at(rows.lowerBound, inner.lowerBound), stride: a.stride, rows: rows.count, k: inner.count)
  }

  func packColumns(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>) {
    Panels.packColumns(
      out, a.at(rows.lowerBound, inner.lowerBound), stride: a.stride, columns: rows.count, k: inner.count)
  }

  @inline(__always)
  func computeRows(
    _ target: TileTarget, _ a: UnsafePointer<Float>, stride: Int, _ b: UnsafePointer<Float>, inner: Int,
    _ prefetch: PrefetchStream
  ) {
    compute(target, .rows(a, stride: stride, b), inner, prefetch)
  }

  @inline(__always)
  func computeColumns(
    _ target: TileTarget, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, inner: Int, _ prefetch: PrefetchStream
  ) {
    compute(target, .columns(a, b), inner, prefetch)
  }

  @inline(__always)
  func computePacking(
    _ panel: UnsafeMutablePointer<Float>, of b: RawMatrix, column: Int, _ target: TileTarget,
    _ a: UnsafePointer<Float>, inner: Range<Int>, _ prefetch: PrefetchStream
  ) {
    guard target.isFull else {
      return computePacked(panel, of: b, column: column, target, a, inner: inner, prefetch)
    }
    compute(target, .packing(panel, a, b.at(inner.lowerBound, column), stride: b.stride), inner.count, prefetch)
  }

  func computeSlim(_ tile: inout product_tile) { instructions.computeSlim(&tile) }

  func storedRows(
    of b: some ProductOperand, _ rows: Range<Int>, inner: Range<Int>, scratch: UnsafeMutablePointer<Float>,
    numbers: UnsafeMutablePointer<Float>
  ) -> StoredRows {
    if let stride = b.strideInPlace, rows.count == Int(SLIM_TILE_HEIGHT) {
      return StoredRows(
        first: b.storedRow(rows.lowerBound, inner, scratch: scratch), stride: stride, isInPlace: true)
    }
    for row in rows {
      let out = scratch + (row - rows.lowerBound) * Panels.rowStride
      let numbers = b.storedRow(row, inner, scratch: out)
      if numbers != UnsafePointer(out) { out.update(from: numbers, count: inner.count) }
    }
    return StoredRows(first: scratch, stride: Panels.rowStride, isInPlace: false)
  }

  /// A tile in its place, or what belongs to C of one beside it.
  @inline(__always)
  private func compute(_ target: TileTarget, _ source: TileSource, _ steps: Int, _ prefetch: PrefetchStream) {
    var tile = target.tile(source, steps: steps, prefetch, inPlace: target.isWhole)
    instructions.compute(&tile)
    if !target.isWhole { target.takeEdge() }
  }
}
