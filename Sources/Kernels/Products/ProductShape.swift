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
