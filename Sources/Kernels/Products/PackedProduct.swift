// Products with a matrix of few bits: where a product copies parts of its right operand anyway, they are dequantised on the way,
// so that never more than a few panels of it are floats. Sums are in the order of the product with floats: the results are the
// same bits.

extension RawPackedWeight: ProductOperand {
  var strideInPlace: Int? { nil }

  func multiplyRow(_ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, accumulate: Bool) {
    isTransposed
      ? rowTimesTransposed(c, a, transposed, accumulate: accumulate)
      : rowTimesMatrix(c, a, self, accumulate: accumulate)
  }

  func multiplyByPanels(_ c: RawMutableMatrix, _ a: RawMatrix, _ format: some PanelFormat, accumulate: Bool) {
    multiplyByRows(c, a, format, accumulate: accumulate)
  }

  func storedRow(
    _ row: Int, _ columns: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    decode(row, columns, to: scratch)
    return UnsafePointer(scratch)
  }

  static func scratchSize(columns: Int, k: Int) -> Int { max(columns, Panels.width * k) }

  func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ columns: Range<Int>, inner: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    let k = inner.count
    for first in Swift.stride(from: columns.lowerBound, to: columns.upperBound, by: Panels.width) {
      let count = min(Panels.width, columns.upperBound - first)
      for column in 0..<count { decode(first + column, inner, to: scratch + column * k) }
      Panels.packTransposedB(out + (first - columns.lowerBound) * k, scratch, stride: k, columns: count, k: k)
    }
  }

  func packRows(
    _ out: UnsafeMutablePointer<Float>, _ columns: Range<Int>, inner: Range<Int>, rows: Range<Int>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    for row in rows {
      decode(inner.lowerBound + row, columns, to: scratch)
      Panels.packB(out, scratch, stride: 0, columns: columns.count, k: inner.count, rows: row..<row + 1)
    }
  }

  /// A block of C's columns after the other, with what belongs to it dequantised: 16 MiB, or 48 columns. On OpenBLAS's AVX2
  /// kernels, where columns may not be split without changing bits, the result is rounded in another way than that of the product
  /// with floats; where the blocks end depends on the shape alone.
  func multiplyByLibrary(_ c: RawMutableMatrix, _ a: RawMatrix, accumulate: Bool) {
    let (n, k) = (columns, rows)
    let panels = (n + Panels.width - 1) / Panels.width
    let blocks = max(1, min(panels, (n * k + (1 << 22) - 1) >> 22))
    let widest = (panels + blocks - 1) / blocks * Panels.width
    let scratch = Memory.allocate(widest * k)
    defer { Memory.release(scratch, count: widest * k) }
    for first in Swift.stride(from: 0, to: n, by: widest) {
      let range = first..<min(n, first + widest)
      libraryProduct(c.columns(range), a, dequantized(columns: range, into: scratch), accumulate: accumulate)
    }
  }

  /// Some columns as floats, in the order in which they are stored.
  private func dequantized(columns: Range<Int>, into out: UnsafeMutablePointer<Float>) -> RawMatrix {
    let (count, width) = isTransposed ? (columns.count, rows) : (rows, columns.count)
    let firstRow = isTransposed ? columns.lowerBound : 0
    let inner = isTransposed ? 0..<rows : columns
    Parallel.forRanges(count, grain: Parallel.rowGrain(columns: width)) { range in
      for row in range { decode(firstRow + row, inner, to: out + row * width) }
    }
    let matrix = RawMatrix(out, rows: count, columns: width, stride: width)
    return isTransposed ? matrix.transposed : matrix
  }
}

/// c[j] (+)= sum over i of a[i] b[j, i] for the n rows of B [n, k], each piece of which is dequantised before it is used.
func rowTimesTransposed(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawPackedWeight, accumulate: Bool
) {
  let k = b.columns
  forPiecesOfRows(b.rows, columns: k) { rows in
    let size = rows.count * k
    let scratch = Memory.allocate(size)
    defer { Memory.release(scratch, count: size) }
    for row in rows { b.decode(row, 0..<k, to: scratch + (row - rows.lowerBound) * k) }
    let floats = RawMatrix(scratch, rows: rows.count, columns: k, stride: k)
    rowTimesTransposedPiece(c + rows.lowerBound, a, floats, accumulate: accumulate)
  }
}

/// c[j] (+)= sum over i of a[i] b[i, j] for the n columns of B [k, n], four rows of which are dequantised at a time.
func rowTimesMatrix(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawPackedWeight, accumulate: Bool
) {
  let n = b.columns
  sumOverRowPieces(c, rows: b.rows, columns: n, accumulate: accumulate) { rows, target in
    let scratch = Memory.allocate(4 * n)
    defer { Memory.release(scratch, count: 4 * n) }
    for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: 4) {
      let count = min(4, rows.upperBound - first)
      for row in 0..<count { b.decode(first + row, 0..<n, to: scratch + row * n) }
      addRowTimesMatrix(target, a + first, RawMatrix(scratch, rows: count, columns: n, stride: n))
    }
  }
}
