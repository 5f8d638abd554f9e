/// C = op(A) op(B) + (accumulate ? C : 0) for row-major matrices, on all threads.
///
/// C is [m, n] with row stride `ldc`, the inner size is `k`; `transposeA` means A is stored [k, m], `transposeB` that B
/// is stored [n, k]. No bit of the result depends on the number of threads.
package func matrixProduct(
  _ c: UnsafeMutablePointer<Float>, ldc: Int, _ a: UnsafePointer<Float>, lda: Int, transposeA: Bool,
  _ b: UnsafePointer<Float>, ldb: Int, transposeB: Bool, m: Int, n: Int, k: Int, accumulate: Bool
) {
  Profile.begin(ProductShape(m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB))
  defer { Profile.end() }
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    if !accumulate { for row in 0..<m { (c + row * ldc).update(repeating: 0, count: n) } }
    return
  }
  if m == 1, !transposeA || lda == 1 {
    let product = transposeB ? rowTimesTransposed : rowTimesMatrix
    return product(c, a, b, ldb, n, k, accumulate)
  }
  switch ProductKernels.chosen {
  case .panels:
    panelProduct(
      c, ldc: ldc, .init(pointer: a, stride: lda, isTransposed: transposeA),
      .init(pointer: b, stride: ldb, isTransposed: transposeB), m: m, n: n, k: k, accumulate: accumulate)
  case .library:
    libraryProduct(
      c, ldc: ldc, a, lda: lda, transposeA: transposeA, b, ldb: ldb, transposeB: transposeB, m: m, n: n, k: k,
      accumulate: accumulate)
  }
}

/// By the program's own kernels, of which the operands' shapes choose one. They add in the same order.
private func panelProduct(
  _ c: UnsafeMutablePointer<Float>, ldc: Int, _ a: PanelProduct.Operand, _ b: PanelProduct.Operand, m: Int, n: Int,
  k: Int, accumulate: Bool
) {
  let isTall = a.isTransposed && !b.isTransposed
  if isTall, TallProduct.isSuitable(m: m, n: n) {
    TallProduct(
      c, ldc: ldc, a.pointer, lda: a.stride, b.pointer, ldb: b.stride, m: m, n: n, k: k, accumulate: accumulate
    ).run()
  } else if isTall, TallProduct.isSuitable(m: n, n: m), k >= 1024 {
    // C^T = B^T A: what is packed is the smaller one. For few inner steps, turning C around would cost more than it gains.
    let turned = Memory.allocate(m * n)
    defer { Memory.release(turned, count: m * n) }
    if accumulate { transposeInParallel(turned, ldOut: m, c, stride: ldc, rows: m, columns: n) }
    TallProduct(
      turned, ldc: m, b.pointer, lda: b.stride, a.pointer, ldb: a.stride, m: n, n: m, k: k, accumulate: accumulate
    ).run()
    transposeInParallel(c, ldOut: ldc, turned, stride: m, rows: n, columns: m)
  } else {
    PanelProduct(c, ldc: ldc, a, b, m: m, n: n, k: k, accumulate: accumulate).run()
  }
}
