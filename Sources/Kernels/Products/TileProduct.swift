// Products of small matrices on one thread, for operands that are in the cache already: attention's tiles. Here the
// copies of both operands that larger products make would cost as much as the product.

/// C [m, n] (+)= A [m, k] B [k, n], each sum in the order of k. B is not a transposed matrix.
///
/// With `padded`, the columns of C up to the next multiple of 32 are overwritten too and those of B are read: there the
/// caller has room for both.
func tileProduct(
  _ c: RawMutableMatrix, _ a: RawMatrix, _ b: RawMatrix, accumulate: Bool, padded: Bool = false
) {
  let (m, n, k) = (c.rows, c.columns, a.columns)
  let (ldc, ldb, c, b) = (c.stride, b.stride, c.pointer, b.pointer)
  let whole = padded ? (n + 31) / 32 * 32 : n / 32 * 32
  for column in stride(from: 0, to: whole, by: 32) {
    var row = 0
    while row + 8 <= m {
      eightRows(c + row * ldc + column, ldc, a, row, b + column, ldb, k, accumulate)
      row += 8
    }
    while row < m {
      oneRow(c + row * ldc + column, a, row, b + column, ldb, k, accumulate)
      row += 1
    }
  }
  guard whole < n else { return }
  for row in 0..<m {
    let c = c + row * ldc
    if !accumulate { for j in whole..<n { c[j] = 0 } }
    for i in 0..<k {
      let factor = a.pointer[row * a.rowStride + i * a.columnStride]
      let b = b + i * ldb
      for j in whole..<n { c[j] = c[j].addingProduct(factor, b[j]) }
    }
  }
}

/// Eight rows and 32 columns.
@inline(__always)
private func eightRows(
  _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: RawMatrix, _ row: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
  _ k: Int, _ accumulate: Bool
) {
  let source = TileSource(
    a: a.pointer + row * a.rowStride, rowStride: a.rowStride, stepStride: a.columnStride, b: b, strideOfB: ldb,
    panel: nil)
  let target = TileTarget(
    c: c, ldc: ldc, rows: Panels.height, columns: Panels.narrowWidth, accumulate: accumulate, edge: c)
  var tile = target.tile(source, steps: k, PrefetchStream(pointer: b, step: 0), inPlace: true)
  TileInstructions.chosen.compute(&tile)
}

/// One row and 32 columns.
private func oneRow(
  _ c: UnsafeMutablePointer<Float>, _ a: RawMatrix, _ row: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ k: Int,
  _ accumulate: Bool
) {
  var low = SIMD16<Float>.zero
  var high = SIMD16<Float>.zero
  let columnStride = a.columnStride
  let a0 = a.pointer + row * a.rowStride
  for i in 0..<k {
    let factor = SIMD16(repeating: a0[i * columnStride])
    low.addProduct(factor, load(b + i * ldb, 0))
    high.addProduct(factor, load(b + i * ldb, 16))
  }
  store(accumulate ? load(c, 0) + low : low, c)
  store(accumulate ? load(c, 16) + high : high, c + 16)
}
