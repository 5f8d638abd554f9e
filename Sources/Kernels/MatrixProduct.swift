/// The shape of a product C [m, n] = op(A) [m, k] op(B) [k, n].
package struct ProductShape: Sendable, Hashable, CustomStringConvertible {
  package let m: Int
  package let n: Int
  package let k: Int
  /// A is stored [k, m].
  package let transposeA: Bool
  /// B is stored [n, k].
  package let transposeB: Bool

  package init(m: Int, n: Int, k: Int, transposeA: Bool, transposeB: Bool) {
    (self.m, self.n, self.k, self.transposeA, self.transposeB) = (m, n, k, transposeA, transposeB)
  }

  /// Floating point operations, a multiplication and an addition being two.
  package var operations: Int { 2 * m * n * k }

  package var description: String {
    "product \(m) x \(n) x \(k) \(transposeA ? "A^T" : "A") \(transposeB ? "B^T" : "B")"
  }
}

/// C = op(A) op(B) + (accumulate ? C : 0) for row-major matrices, on all threads.
///
/// C is [m, n] with row stride `ldc`, the inner size is `k`; `transposeA` means A is stored [k, m], `transposeB` that B
/// is stored [n, k]. Each thread computes one large block of C whose first row (or column) is a multiple of 48: OpenBLAS's
/// kernels then give every element the same bits as in the whole product, so the split may follow the thread count. Two
/// exceptions were measured and are avoided: small blocks, and blocks of columns on the AVX2 kernels.
package func matrixProduct(
  _ c: UnsafeMutablePointer<Float>, ldc: Int, _ a: UnsafePointer<Float>, lda: Int, transposeA: Bool,
  _ b: UnsafePointer<Float>, ldb: Int, transposeB: Bool, m: Int, n: Int, k: Int, accumulate: Bool
) {
  Profile.begin(ProductShape(m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB))
  defer { Profile.end() }
  let blas = BLAS.shared
  let beta: Float = accumulate ? 1 : 0
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    if !accumulate { for row in 0..<m { (c + row * ldc).update(repeating: 0, count: n) } }
    return
  }
  if m == 1, !transposeA || lda == 1 {
    let product = transposeB ? rowTimesTransposed : rowTimesMatrix
    return product(c, a, b, ldb, n, k, accumulate)
  }
  let byRows = !blas.columnsMaySplit || splitsRows(m, n, Parallel.threads)
  let total = byRows ? m : n
  let pieces = pieceCount(total, cost: k * (byRows ? n : m))
  Parallel.run(pieces) { piece, _ in
    let start = boundary(piece, of: total, pieces)
    let count = boundary(piece + 1, of: total, pieces) - start
    if byRows {
      blas.gemm(
        transposeA, transposeB, count, n, k, 1, a + start * (transposeA ? 1 : lda), lda, b, ldb, beta,
        c + start * ldc, ldc)
    } else {
      blas.gemm(
        transposeA, transposeB, m, count, k, 1, a, lda, b + start * (transposeB ? ldb : 1), ldb, beta, c + start, ldc)
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
