import CProcessor

/// Panels of numbers rounded to bfloat16 for AMX, whose instructions add sixteen pairs of steps at once to 16 x 16 sums.
///
/// Of sixteen pairs an instruction adds the products of the earlier numbers one after the other, those of the later ones beside
/// them, each with one rounding; then both sums to each other and to the sum before. Subnormal numbers are zero, in and out. The
/// plain arithmetic does the same with the same bits; only what is no number may have other bits.
struct AMXPanels: PanelFormat {
  /// Whether the processor's instructions are used.
  let isNative: Bool

  private let pairs = BFloat16Panels.chosen

  static var steps: Int { @inline(__always) get { BFloat16Panels.steps } }
  static var unit: Int { @inline(__always) get { Int(AMX_PAIRS) } }
  static var height: Int { @inline(__always) get { Int(AMX_TILE_HEIGHT) } }
  static var columnStride: Int { @inline(__always) get { 1 } }
  static var readsRowsInPlace: Bool { @inline(__always) get { false } }

  static func scratchSize<Operand: ProductOperand>(_ operand: Operand.Type, columns: Int, inner: Int) -> Int {
    BFloat16Panels.scratchSize(operand, columns: columns, inner: inner)
  }

  func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    pairs.packColumns(out, b, columns, inner: inner, scratch: scratch)
  }

  func packRows(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    rows: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    let end = Self.end(of: inner, k: b.rows) - inner.lowerBound
    pairs.packRows(out, b, columns, inner: inner, rows: rows.clamped(to: 0..<end), scratch: scratch)
    for row in rows.clamped(to: end..<inner.count) {
      for panel in 0..<(columns.count + Panels.width - 1) / Panels.width {
        (out + (panel * inner.count + row) * Panels.width).update(repeating: 0, count: Panels.width)
      }
    }
  }

  func packRows(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>) {
    pairs.packRows(out, a, rows, inner: inner)
  }

  /// An instruction reads A by rows: pairs of the columns as they are stored are transposed, sixteen at a time.
  func packColumns(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>) {
    let end = max(inner.lowerBound, Self.end(of: inner, k: a.columns))
    let stride = (rows.count + 31) / 32 * 32
    withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.unit * stride) { scratch in
      let columns = scratch.baseAddress!
      for first in Swift.stride(from: inner.lowerBound, to: end, by: Self.unit) {
        let count = min(Self.unit, end - first)
        for pair in 0..<count {
          let step = 2 * (first + pair)
          let low = a.at(rows.lowerBound, step)
          pairs.packRow(columns + pair * stride, low, step + 1 < a.columns ? low + a.stride : nil, rows.count)
        }
        transpose(
          RawMutableMatrix(
            out + first - inner.lowerBound, rows: rows.count, columns: count, stride: Panels.rowStride),
          RawMatrix(columns, rows: count, columns: rows.count, stride: stride))
      }
    }
    guard end < inner.upperBound else { return }
    for row in 0..<rows.count {
      (out + row * Panels.rowStride + end - inner.lowerBound).update(repeating: 0, count: inner.upperBound - end)
    }
  }

  /// Where the pairs of some elements end; zeros follow them.
  private static func end(of inner: Range<Int>, k: Int) -> Int { min(inner.upperBound, BFloat16Panels.elements(k)) }

  func computing(_ tiles: () -> Void) {
    if isNative { begin_amx() }
    tiles()
    if isNative { end_amx() }
  }

  func computeRows(
    _ target: TileTarget, _ a: UnsafePointer<Float>, stride: Int, _ b: UnsafePointer<Float>, inner: Int,
    _ prefetch: PrefetchStream
  ) {
    // The plain arithmetic takes subnormal numbers for zero, which the sums already in C are not to be.
    let isDirect = isNative && target.rows == Self.height && target.isFull
    var tile = target.tile(.rows(a, stride: stride, b), steps: inner, prefetch, inPlace: isDirect)
    if isNative { amx_tile(&tile) } else { flushingSubnormals { plain_amx_tile(&tile) } }
    if !isDirect { target.takeEdge() }
  }

  func computeColumns(
    _ target: TileTarget, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, inner: Int, _ prefetch: PrefetchStream
  ) {
    computeRows(target, a, stride: Panels.rowStride, b, inner: inner, prefetch)
  }

  func computeSlim(_ tile: inout product_tile) {
    if isNative { amx_slim_tile(&tile) } else { flushingSubnormals { plain_amx_slim_tile(&tile) } }
  }

  func storedRows(
    of b: some ProductOperand, _ rows: Range<Int>, inner: Range<Int>, scratch: UnsafeMutablePointer<Float>,
    numbers: UnsafeMutablePointer<Float>
  ) -> StoredRows {
    pairs.storedRows(of: b, rows, inner: inner, scratch: scratch, numbers: numbers)
  }
}
