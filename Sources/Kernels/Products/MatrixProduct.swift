/// C = A B + (accumulate ? C : 0) for C [m, n], A [m, k] and B [k, n], on all threads. A and B may be transposed matrices.
/// No bit of the result depends on the number of threads. `precision` says how A and B are rounded first.
package func matrixProduct(
  _ c: MutableMatrix, _ a: Matrix, _ b: Matrix, accumulate: Bool = false, precision: ProductPrecision = .float32
) {
  matrixProduct(c.raw, a.raw, b.raw, accumulate: accumulate, precision: precision)
}

/// The same for a B that may be of few bits: of the product with what it stands for, the result has every bit.
package func matrixProduct(
  _ c: MutableMatrix, _ a: Matrix, _ b: WeightMatrix, accumulate: Bool = false, precision: ProductPrecision = .float32
) {
  switch b {
  case .floats(let b): matrixProduct(c.raw, a.raw, b.raw, accumulate: accumulate, precision: precision)
  case .packed(let b): matrixProduct(c.raw, a.raw, b.raw, accumulate: accumulate, precision: precision)
  }
}

/// The product of operands rounded to bfloat16 without AMX, for lengths above zero: by the processor's instructions, or by the
/// arithmetic of processors that lack them.
package func bfloat16Product(_ c: MutableMatrix, _ a: Matrix, _ b: Matrix, accumulate: Bool, isNative: Bool) {
  b.raw.multiplyByPanels(c.raw, a.raw, BFloat16Panels(isNative: isNative), accumulate: accumulate)
}

/// The same as AMX computes it.
package func amxProduct(_ c: MutableMatrix, _ a: Matrix, _ b: Matrix, accumulate: Bool, isNative: Bool) {
  b.raw.multiplyByPanels(c.raw, a.raw, AMXPanels(isNative: isNative), accumulate: accumulate)
}

/// The product of floats by the program's own kernels, for lengths above zero, with tiles of the given instructions.
package func panelProduct(
  _ c: MutableMatrix, _ a: Matrix, _ b: Matrix, accumulate: Bool, instructions: TileInstructions
) {
  b.raw.multiplyByPanels(c.raw, a.raw, FloatPanels(instructions: instructions), accumulate: accumulate)
}

func matrixProduct(
  _ c: RawMutableMatrix, _ a: RawMatrix, _ b: some ProductOperand, accumulate: Bool = false,
  precision: ProductPrecision = .float32
) {
  let (m, n, k) = (c.rows, c.columns, a.columns)
  Profile.begin(
    ProductShape(
      m: m, n: n, k: k, transposeA: a.isTransposed, transposeB: b.isTransposed, precision: precision))
  defer { Profile.end() }
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    if !accumulate { for row in 0..<m { c.at(row, 0).update(repeating: 0, count: n) } }
    return
  }
  let isRow = m == 1 && a.columnStride == 1
  switch (precision, ProductKernels.chosen) {
  case (.float32, _) where isRow: b.multiplyRow(c.pointer, a.pointer, accumulate: accumulate)
  case (.bfloat16, _) where isRow: b.multiplyRoundedRow(c.pointer, a.pointer, accumulate: accumulate)
  case (.bfloat16, _) where TileInstructions.chosen == .amx:
    b.multiplyByPanels(c, a, AMXPanels(isNative: true), accumulate: accumulate)
  case (.bfloat16, _): b.multiplyByPanels(c, a, BFloat16Panels.chosen, accumulate: accumulate)
  case (.float32, .panels): b.multiplyByPanels(c, a, FloatPanels.chosen, accumulate: accumulate)
  case (.float32, .library): b.multiplyByLibrary(c, a, accumulate: accumulate)
  }
}
