import CProcessor

/// Panels of numbers rounded to bfloat16, two steps of K in an element: half of the memory, and twice the speed with the
/// instructions of AVX512_BF16.
///
/// An instruction adds two products to a sum, the later step's first, each with one rounding. Without them the same is done step by
/// step, with the same bits; only what is no number may have other bits.
struct BFloat16Panels: PanelFormat {
  /// Whether the processor's instructions are used.
  let isNative: Bool

  /// The way that suits this processor.
  static let chosen = BFloat16Panels(
    isNative: TileInstructions.chosen.hasWideVectors && has_bfloat16_instructions())

  static var steps: Int { @inline(__always) get { 2 } }
  static var readsRowsInPlace: Bool { @inline(__always) get { false } }

  static func scratchSize<Operand: ProductOperand>(_: Operand.Type, columns: Int, inner: Int) -> Int {
    max(2 * columns, Panels.width * inner + 2 * inner)
  }

  func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (count, steps) = (inner.count, Self.steps(of: inner, k: b.rows))
    let numbers = scratch + Panels.width * count
    for first in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: Panels.width) {
      let width = min(Panels.width, columns.upperBound - first)
      for column in 0..<width {
        packNeighbours(
          scratch + column * count, b.storedRow(first + column, steps, scratch: numbers), steps.count, of: count)
      }
      Panels.packTransposedB(
        out + (first - columns.lowerBound) * count, scratch, stride: count, columns: width, k: count)
    }
  }

  func packRows(
    _ out: UnsafeMutablePointer<Float>, _ b: some ProductOperand, _ columns: Range<Int>, inner: Range<Int>,
    rows: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    for row in rows {
      let step = 2 * (inner.lowerBound + row)
      let low = b.storedRow(step, columns, scratch: scratch)
      let high = step + 1 < b.rows ? b.storedRow(step + 1, columns, scratch: scratch + columns.count) : nil
      let out = pairs(out + row * Panels.width)
      let stride = Panels.width * inner.count
      isNative
        ? native_pack_panels(out, stride, low, high, columns.count)
        : plain_pack_panels(out, stride, low, high, columns.count)
    }
  }

  func packRows(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>) {
    let steps = Self.steps(of: inner, k: a.columns)
    for row in rows {
      packNeighbours(
        out + (row - rows.lowerBound) * Panels.rowStride, a.at(row, steps.lowerBound), steps.count, of: inner.count)
    }
  }

  func packColumns(_ out: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ rows: Range<Int>, inner: Range<Int>) {
    for (index, element) in inner.enumerated() {
      let low = a.at(rows.lowerBound, 2 * element)
      let high = 2 * element + 1 < a.columns ? low + a.stride : nil
      packEights(out + index * Panels.height, stride: Panels.size, low, high, rows.count)
    }
  }

  func computeRows(
    _ target: TileTarget, _ a: UnsafePointer<Float>, stride: Int, _ b: UnsafePointer<Float>, inner: Int,
    _ prefetch: PrefetchStream
  ) {
    compute(target, .rows(a, stride: stride, b), inner, prefetch)
  }

  func computeColumns(
    _ target: TileTarget, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, inner: Int, _ prefetch: PrefetchStream
  ) {
    compute(target, .columns(a, b), inner, prefetch)
  }

  func computePacking(
    _ panel: UnsafeMutablePointer<Float>, of b: RawMatrix, column: Int, _ target: TileTarget,
    _ a: UnsafePointer<Float>, inner: Range<Int>, _ prefetch: PrefetchStream
  ) {
    // The last element may have no second row.
    guard target.isFull, Self.steps * inner.upperBound <= b.rows else {
      return computePacked(panel, of: b, column: column, target, a, inner: inner, prefetch)
    }
    let rows = b.at(Self.steps * inner.lowerBound, column)
    compute(target, .packing(panel, a, rows, stride: Self.steps * b.stride), inner.count, prefetch)
  }

  func computeSlim(_ tile: inout product_tile) {
    if isNative { native_slim_tile(&tile) } else { flushingSubnormals { plain_slim_tile(&tile) } }
  }

  func storedRows(
    of b: some ProductOperand, _ rows: Range<Int>, inner: Range<Int>, scratch: UnsafeMutablePointer<Float>,
    numbers: UnsafeMutablePointer<Float>
  ) -> StoredRows {
    let steps = Self.steps(of: inner, k: b.rows)
    for row in rows {
      packNeighbours(
        scratch + (row - rows.lowerBound) * Panels.rowStride, b.storedRow(row, steps, scratch: numbers), steps.count,
        of: inner.count)
    }
    return StoredRows(first: scratch, stride: Panels.rowStride, isInPlace: false)
  }

  /// Packs the numbers of a row, neighbours in pairs; the last is paired with zero where it has none.
  func packNeighbours(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int) {
    isNative ? native_pack_neighbours(pairs(out), x, count) : plain_pack_neighbours(pairs(out), x, count)
  }

  /// The same, and zeros up to `size` pairs.
  private func packNeighbours(
    _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int, of size: Int
  ) {
    packNeighbours(out, x, count)
    let packed = (count + 1) / 2
    if packed < size { (out + packed).update(repeating: 0, count: size - packed) }
  }

  /// Packs two rows, or one and zeros, into chunks of eight pairs `stride` apart.
  func packEights(
    _ out: UnsafeMutablePointer<Float>, stride: Int, _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>?,
    _ count: Int
  ) {
    isNative
      ? native_pack_eights(pairs(out), stride, low, high, count)
      : plain_pack_eights(pairs(out), stride, low, high, count)
  }

  /// Packs two rows, or one and zeros, into one row of pairs, filled up with zeros to a multiple of 32.
  func packRow(
    _ out: UnsafeMutablePointer<Float>, _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>?, _ count: Int
  ) {
    isNative ? native_pack_row(pairs(out), low, high, count) : plain_pack_row(pairs(out), low, high, count)
  }

  /// A tile in its place, or what belongs to C of one beside it.
  func compute(_ target: TileTarget, _ source: TileSource, _ steps: Int, _ prefetch: PrefetchStream) {
    // The plain arithmetic takes subnormal numbers for zero, which the sums already in C are not to be.
    let isDirect = isNative && target.isWhole
    var tile = target.tile(source, steps: steps, prefetch, inPlace: isDirect)
    if isNative { native_tile(&tile) } else { flushingSubnormals { plain_tile(&tile) } }
    if !isDirect { target.takeEdge() }
  }

  private func pairs(_ x: UnsafePointer<Float>) -> UnsafePointer<UInt32> {
    UnsafeRawPointer(x).assumingMemoryBound(to: UInt32.self)
  }

  private func pairs(_ x: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(x).assumingMemoryBound(to: UInt32.self)
  }
}

/// Runs arithmetic that takes subnormal numbers for zero, as the instructions do, and gives zero for them.
@inline(__always)
func flushingSubnormals(_ body: () -> Void) {
  let mode = begin_flushing_subnormals()
  body()
  end_flushing_subnormals(mode)
}
