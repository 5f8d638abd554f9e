/// C = A B + (accumulate ? C : 0) for C [m, n], A [m, k] and B [k, n], on all threads. A and B may be transposed matrices.
/// No bit of the result depends on the number of threads.
package func matrixProduct(_ c: MutableMatrix, _ a: Matrix, _ b: Matrix, accumulate: Bool = false) {
  matrixProduct(c.raw, a.raw, b.raw, accumulate: accumulate)
}

func matrixProduct(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: RawMatrix, accumulate: Bool = false) {
  let (m, n, k) = (c.rows, c.columns, a.columns)
  Profile.begin(ProductShape(m: m, n: n, k: k, transposeA: a.isTransposed, transposeB: b.isTransposed))
  defer { Profile.end() }
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    if !accumulate { for row in 0..<m { c.at(row, 0).update(repeating: 0, count: n) } }
    return
  }
  if m == 1, a.columnStride == 1 {
    return b.isTransposed
      ? rowTimesTransposed(c.pointer, a.pointer, b.transposed, accumulate: accumulate)
      : rowTimesMatrix(c.pointer, a.pointer, b, accumulate: accumulate)
  }
  switch ProductKernels.chosen {
  case .panels: panelProduct(c, a, b, accumulate: accumulate)
  case .library: libraryProduct(c, a, b, accumulate: accumulate)
  }
}

/// By the program's own kernels, of which the operands' shapes choose one. They add in the same order.
private func panelProduct(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: RawMatrix, accumulate: Bool) {
  let (m, n) = (c.rows, c.columns)
  let isTall = a.isTransposed && !b.isTransposed
  if isTall, TallSkinnyProduct.isSuitable(m: m, n: n) {
    TallSkinnyProduct(c, a, b, accumulate: accumulate).run()
  } else if isTall, TallSkinnyProduct.isSuitable(m: n, n: m), a.columns >= 1024 {
    // C^T = B^T A: the smaller operand is packed. For a small k, transposing C would cost more than it gains.
    let scratch = Memory.allocate(m * n)
    defer { Memory.release(scratch, count: m * n) }
    let transposed = RawMutableMatrix(scratch, rows: n, columns: m, stride: m)
    if accumulate { transposeInParallel(transposed, c.readOnly) }
    TallSkinnyProduct(transposed, b.transposed, a.transposed, accumulate: accumulate).run()
    transposeInParallel(c, transposed.readOnly)
  } else {
    PanelProduct(c, a, b, accumulate: accumulate).run()
  }
}
