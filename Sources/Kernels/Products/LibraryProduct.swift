/// `matrixProduct` by OpenBLAS, for m, n and k above zero.
///
/// Each thread computes one large block of C whose first row (or column) is a multiple of 48: OpenBLAS's kernels then give
/// every element the same bits as in the whole product, so the split may follow the thread count. Two exceptions were
/// measured and are avoided: small blocks, and blocks of columns on the AVX2 kernels.
package func libraryProduct(_ c: MutableMatrix, _ a: Matrix, _ b: Matrix, accumulate: Bool) {
  libraryProduct(c.raw, a.raw, b.raw, accumulate: accumulate)
}

/// The same for a B of few bits.
package func libraryProduct(_ c: MutableMatrix, _ a: Matrix, _ b: PackedWeight, accumulate: Bool) {
  b.raw.multiplyByLibrary(c.raw, a.raw, accumulate: accumulate)
}

func libraryProduct(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: RawMatrix, accumulate: Bool) {
  let blas = BLAS.shared
  let (m, n, k) = (c.rows, c.columns, a.columns)
  let byRows = !blas.columnsMaySplit || splitsRows(m, n, Parallel.threads)
  let total = byRows ? m : n
  let pieces = pieceCount(total, cost: k * (byRows ? n : m))
  Parallel.run(pieces) { piece, _ in
    let part = boundary(piece, of: total, pieces)..<boundary(piece + 1, of: total, pieces)
    if byRows {
      blas.gemm(c.rows(part), a.rows(part), b, accumulate: accumulate)
    } else {
      blas.gemm(c.columns(part), a, b.columns(part), accumulate: accumulate)
    }
  }
}

/// Rows unless columns share the work clearly better, or there are few rows and more columns.
private func splitsRows(_ m: Int, _ n: Int, _ threads: Int) -> Bool {
  if m < 96 * threads, n > m { return false }
  return 10 * largestPiece(m, threads) * n <= 11 * largestPiece(n, threads) * m
}

/// As many pieces as there are threads, or so many that each takes more than a million multiplications: below that
/// OpenBLAS has kernels of another kind, which round differently. `cost` is the multiplications of a row (or column).
private func pieceCount(_ total: Int, cost: Int) -> Int {
  let limit = 1_000_000
  var pieces = max(1, min(Parallel.threads, total * cost / limit))
  while pieces > 1, smallestPiece(total, pieces) * cost <= limit { pieces -= 1 }
  return pieces
}

/// Where piece `piece` of `total` rows starts: the multiple of 48 nearest to an even share.
private func boundary(_ piece: Int, of total: Int, _ threads: Int) -> Int {
  piece == threads ? total : min(total, (total * piece + 24 * threads) / (48 * threads) * 48)
}

private func largestPiece(_ total: Int, _ threads: Int) -> Int {
  (0..<threads).reduce(0) { max($0, boundary($1 + 1, of: total, threads) - boundary($1, of: total, threads)) }
}

private func smallestPiece(_ total: Int, _ threads: Int) -> Int {
  (0..<threads).reduce(total) { min($0, boundary($1 + 1, of: total, threads) - boundary($1, of: total, threads)) }
}
