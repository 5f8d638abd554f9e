import CProcessor

// Products of one row with a matrix, which generation spends its time in: every weight is read once and in order, so they
// run at the speed of memory.

/// c[j] (+)= sum over i of a[i] b[j, i] for the n rows of B [n, k].
func rowTimesTransposed(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawMatrix, accumulate: Bool
) {
  forPiecesOfRows(b.rows, columns: b.columns) { rows in
    rowTimesTransposedPiece(c + rows.lowerBound, a, b.rows(rows), accumulate: accumulate)
  }
}

/// Runs `body` over the pieces that the rows of B are cut into, on all threads.
func forPiecesOfRows(_ rows: Int, columns: Int, _ body: (Range<Int>) -> Void) {
  // Which rows are multiplied four at a time, and so the order of a sum, depends on the range.
  Parallel.forFixedRanges(rows, grain: max(4, Parallel.rowGrain(columns: columns)), body)
}

/// The same on this thread.
@inline(__always)
func rowTimesTransposedPiece(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawMatrix, accumulate: Bool
) {
  let (n, k, ldb, b) = (b.rows, b.columns, b.stride, b.pointer)
  let quarter = n / 4
  for j in 0..<quarter {
    let products = fourDots(a, b + j * ldb, stride: quarter * ldb, k)
    for row in 0..<4 {
      let target = c + j + row * quarter
      target[0] = accumulate ? target[0] + products[row] : products[row]
    }
  }
  for j in 4 * quarter..<n {
    let product = dot(a, b + j * ldb, k)
    c[j] = accumulate ? c[j] + product : product
  }
}

/// c[j] (+)= sum over i of a[i] b[i, j] for the n columns of B [k, n].
func rowTimesMatrix(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawMatrix, accumulate: Bool
) {
  sumOverRowPieces(c, rows: b.rows, columns: b.columns, accumulate: accumulate) { rows, target in
    addRowTimesMatrix(target, a + rows.lowerBound, b.rows(rows))
  }
}

/// target[j] += sum over i of a[i] b[i, j], in the order of i, four rows in a pass.
@inline(__always)
func addRowTimesMatrix(_ target: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawMatrix) {
  let (n, k, ldb, b) = (b.columns, b.rows, b.stride, b.pointer)
  var i = 0
  while i + 4 <= k {
    let row = b + i * ldb
    let (a0, a1, a2, a3) = (a[i], a[i + 1], a[i + 2], a[i + 3])
    for j in 0..<n {
      let sum = target[j].addingProduct(a0, row[j]).addingProduct(a1, row[j + ldb])
      target[j] = sum.addingProduct(a2, row[j + 2 * ldb]).addingProduct(a3, row[j + 3 * ldb])
    }
    i += 4
  }
  while i < k {
    let row = b + i * ldb
    for j in 0..<n { target[j] = target[j].addingProduct(a[i], row[j]) }
    i += 1
  }
}

/// c[j] (+)= sum over i of a[i] b[j, i] for the n rows of B [n, k], rounded to bfloat16 a few at a time, as `a` is already.
func rowTimesRoundedTransposed(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: some ProductOperand, accumulate: Bool
) {
  let k = b.columns
  forPiecesOfRows(b.rows, columns: k) { rows in
    let floats = roundedRows(b, rows)
    defer { Memory.release(floats, count: rows.count * k) }
    rowTimesTransposedPiece(
      c + rows.lowerBound, a, RawMatrix(floats, rows: rows.count, columns: k, stride: k), accumulate: accumulate)
  }
}

/// c[j] (+)= sum over i of a[i] b[i, j] for the n columns of B [k, n], in the same way.
func rowTimesRounded(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: some ProductOperand, accumulate: Bool
) {
  let n = b.columns
  sumOverRowPieces(c, rows: b.rows, columns: n, accumulate: accumulate) { rows, target in
    for first in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: 4) {
      let some = first..<min(first + 4, rows.upperBound)
      let floats = roundedRows(b, some)
      defer { Memory.release(floats, count: some.count * n) }
      addRowTimesMatrix(target, a + first, RawMatrix(floats, rows: some.count, columns: n, stride: n))
    }
  }
}

/// Some stored rows, rounded to bfloat16, in memory that the caller releases.
private func roundedRows(_ b: some ProductOperand, _ rows: Range<Int>) -> UnsafeMutablePointer<Float> {
  let columns = b.columns
  let floats = Memory.allocate(rows.count * columns)
  for row in rows {
    let out = floats + (row - rows.lowerBound) * columns
    round_to_bfloat16(out, b.storedRow(row, 0..<columns, scratch: out), columns)
  }
  return floats
}
