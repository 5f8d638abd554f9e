/// C = A B + (accumulate ? C : 0) for C [m, n], A [m, k] and B [k, n], on all threads. A and B may be transposed matrices.
/// No bit of the result depends on the number of threads.
package func matrixProduct(_ c: MutableMatrix, _ a: Matrix, _ b: Matrix, accumulate: Bool = false) {
  matrixProduct(c.raw, a.raw, b.raw, accumulate: accumulate)
}

/// The same for a B that may be of few bits: of the product with what it stands for, the result has every bit.
package func matrixProduct(_ c: MutableMatrix, _ a: Matrix, _ b: WeightMatrix, accumulate: Bool = false) {
  switch b {
  case .floats(let b): matrixProduct(c.raw, a.raw, b.raw, accumulate: accumulate)
  case .packed(let b): matrixProduct(c.raw, a.raw, b.raw, accumulate: accumulate)
  }
}

func matrixProduct(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: some ProductOperand, accumulate: Bool = false) {
  let (m, n, k) = (c.rows, c.columns, a.columns)
  Profile.begin(ProductShape(m: m, n: n, k: k, transposeA: a.isTransposed, transposeB: b.isTransposed))
  defer { Profile.end() }
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    if !accumulate { for row in 0..<m { c.at(row, 0).update(repeating: 0, count: n) } }
    return
  }
  if m == 1, a.columnStride == 1 { return b.multiplyRow(c.pointer, a.pointer, accumulate: accumulate) }
  switch ProductKernels.chosen {
  case .panels: b.multiplyByPanels(c, a, accumulate: accumulate)
  case .library: b.multiplyByLibrary(c, a, accumulate: accumulate)
  }
}
