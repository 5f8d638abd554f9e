// Products of one row with a matrix, which generation spends its time in: every weight is read once and in order, so they
// run at the speed of memory.

/// c[j] (+)= sum over i of a[i] b[j, i] for the n rows of B [n, k].
func rowTimesTransposed(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawMatrix, accumulate: Bool
) {
  let (n, k, ldb, b) = (b.rows, b.columns, b.stride, b.pointer)
  let grain = max(4, Parallel.rowGrain(columns: k))
  Parallel.forRanges(n, grain: grain) { rows in
    let quarter = rows.count / 4
    for j in rows.lowerBound..<rows.lowerBound + quarter {
      let products = fourDots(a, b + j * ldb, stride: quarter * ldb, k)
      for row in 0..<4 {
        let target = c + j + row * quarter
        target[0] = accumulate ? target[0] + products[row] : products[row]
      }
    }
    for j in rows.lowerBound + 4 * quarter..<rows.upperBound {
      let product = dot(a, b + j * ldb, k)
      c[j] = accumulate ? c[j] + product : product
    }
  }
}

/// c[j] (+)= sum over i of a[i] b[i, j] for the n columns of B [k, n].
func rowTimesMatrix(
  _ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: RawMatrix, accumulate: Bool
) {
  let (n, k, ldb, b) = (b.columns, b.rows, b.stride, b.pointer)
  sumOverRowPieces(c, rows: k, columns: n, accumulate: accumulate) { rows, target in
    var i = rows.lowerBound
    while i + 4 <= rows.upperBound {
      let row = b + i * ldb
      let (a0, a1, a2, a3) = (a[i], a[i + 1], a[i + 2], a[i + 3])
      for j in 0..<n {
        let sum = target[j].addingProduct(a0, row[j]).addingProduct(a1, row[j + ldb])
        target[j] = sum.addingProduct(a2, row[j + 2 * ldb]).addingProduct(a3, row[j + 3 * ldb])
      }
      i += 4
    }
    while i < rows.upperBound {
      let row = b + i * ldb
      for j in 0..<n { target[j] = target[j].addingProduct(a[i], row[j]) }
      i += 1
    }
  }
}
