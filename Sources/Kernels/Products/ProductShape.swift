/// The shape of a product C [m, n] = op(A) [m, k] op(B) [k, n], and how its operands are rounded.
package struct ProductShape: Sendable, Hashable, CustomStringConvertible {
  package let m: Int
  package let n: Int
  package let k: Int
  /// A is stored [k, m].
  package let transposeA: Bool
  /// B is stored [n, k].
  package let transposeB: Bool
  package let precision: ProductPrecision

  package init(
    m: Int, n: Int, k: Int, transposeA: Bool, transposeB: Bool, precision: ProductPrecision = .float32
  ) {
    (self.m, self.n, self.k, self.transposeA, self.transposeB) = (m, n, k, transposeA, transposeB)
    self.precision = precision
  }

  /// Floating point operations, a multiplication and an addition being two.
  package var operations: Int { 2 * m * n * k }

  package var description: String {
    "product \(m) x \(n) x \(k) \(transposeA ? "A^T" : "A") \(transposeB ? "B^T" : "B")"
      + (precision == .float32 ? "" : " \(precision.rawValue)")
  }
}
