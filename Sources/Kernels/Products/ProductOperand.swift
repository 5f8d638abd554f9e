import CProcessor

/// What a product multiplies by from the right: a matrix of floats, or one of few bits, which is dequantised where it is used.
package enum WeightMatrix {
  case floats(Matrix)
  case packed(PackedWeight)

  package var rows: Int {
    switch self {
    case .floats(let matrix): matrix.rows
    case .packed(let weight): weight.rows
    }
  }

  package var columns: Int {
    switch self {
    case .floats(let matrix): matrix.columns
    case .packed(let weight): weight.columns
    }
  }

  /// The same elements with rows and columns exchanged.
  package var transposed: WeightMatrix {
    switch self {
    case .floats(let matrix): .floats(matrix.transposed)
    case .packed(let weight): .packed(weight.transposed)
    }
  }
}

/// A right operand inside a kernel, C (+)= A B.
protocol ProductOperand {
  var rows: Int { get }
  var columns: Int { get }
  var isTransposed: Bool { get }
  var transposed: Self { get }

  /// c (+)= a times it, for one row of contiguous numbers.
  func multiplyRow(_ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, accumulate: Bool)
  /// The same with both operands rounded to bfloat16.
  func multiplyRoundedRow(_ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, accumulate: Bool)
  /// C (+)= A times it with the program's own kernels, for lengths above zero.
  func multiplyByPanels(_ c: RawMutableMatrix, _ a: RawMatrix, _ format: some PanelFormat, accumulate: Bool)
  /// C (+)= A times it by OpenBLAS, for lengths above zero.
  func multiplyByLibrary(_ c: RawMutableMatrix, _ a: RawMatrix, accumulate: Bool)

  /// Numbers from a row to the next, where rows can be read in their place.
  var strideInPlace: Int? { get }
  /// Some numbers of a row as it is stored: in their place or in `scratch`.
  func storedRow(_ row: Int, _ columns: Range<Int>, scratch: UnsafeMutablePointer<Float>) -> UnsafePointer<Float>
  /// Floats that packing needs beside the panels, on each thread, for blocks of so many columns and rows.
  static func scratchSize(columns: Int, k: Int) -> Int
  /// Copies some columns of a transposed operand, of the rows `inner`, into panels of 48; the last is filled up with zeros.
  func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ columns: Range<Int>, inner: Range<Int>, scratch: UnsafeMutablePointer<Float>)
  /// Copies `rows`, counted in `inner`, of an operand that is not transposed into panels of 48 of its `columns`.
  func packRows(
    _ out: UnsafeMutablePointer<Float>, _ columns: Range<Int>, inner: Range<Int>, rows: Range<Int>,
    scratch: UnsafeMutablePointer<Float>)
}

extension ProductOperand {
  func multiplyRoundedRow(_ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, accumulate: Bool) {
    let k = rows
    let rounded = Memory.allocate(k)
    defer { Memory.release(rounded, count: k) }
    round_to_bfloat16(rounded, a, k)
    isTransposed
      ? rowTimesRoundedTransposed(c, rounded, transposed, accumulate: accumulate)
      : rowTimesRounded(c, rounded, self, accumulate: accumulate)
  }
}

extension ProductOperand {
  /// A product for which rows of C are taken some at a time, few or many.
  func multiplyByRows(_ c: RawMutableMatrix, _ a: RawMatrix, _ format: some PanelFormat, accumulate: Bool) {
    if isTransposed, !a.isTransposed, c.rows <= fewRows {
      FewRowsProduct(c, a, self, format, accumulate: accumulate).run()
    } else {
      PanelProduct(c, a, self, format, accumulate: accumulate).run()
    }
  }
}

extension RawMatrix: ProductOperand {
  var strideInPlace: Int? { stride }

  func multiplyRow(_ c: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, accumulate: Bool) {
    isTransposed
      ? rowTimesTransposed(c, a, transposed, accumulate: accumulate)
      : rowTimesMatrix(c, a, self, accumulate: accumulate)
  }

  /// The operands' shapes choose a kernel. They add in the same order.
  func multiplyByPanels(_ c: RawMutableMatrix, _ a: RawMatrix, _ format: some PanelFormat, accumulate: Bool) {
    let (m, n) = (c.rows, c.columns)
    let isTall = a.isTransposed && !isTransposed
    if isTall, isTallSkinny(m: m, n: n) {
      TallSkinnyProduct(c, a, self, format, accumulate: accumulate).run()
    } else if isTall, isTallSkinny(m: n, n: m), a.columns >= 1024 {
      // C^T = B^T A: the smaller operand is packed. For a small k, transposing C would cost more than it gains.
      let scratch = Memory.allocate(m * n)
      defer { Memory.release(scratch, count: m * n) }
      let transposed = RawMutableMatrix(scratch, rows: n, columns: m, stride: m)
      if accumulate { transposeInParallel(transposed, c.readOnly) }
      TallSkinnyProduct(transposed, self.transposed, a.transposed, format, accumulate: accumulate).run()
      transposeInParallel(c, transposed.readOnly)
    } else {
      multiplyByRows(c, a, format, accumulate: accumulate)
    }
  }

  /// Whether `TallSkinnyProduct` is the faster way: all panels of A fit in the cache, and there are enough of B for all threads.
  private func isTallSkinny(m: Int, n: Int) -> Bool {
    m <= 384 && n >= 384 && (Parallel.threads <= 2 || n >= 2 * Parallel.threads * Panels.width)
  }

  func multiplyByLibrary(_ c: RawMutableMatrix, _ a: RawMatrix, accumulate: Bool) {
    libraryProduct(c, a, self, accumulate: accumulate)
  }

  func storedRow(
    _ row: Int, _ columns: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    pointer + row * stride + columns.lowerBound
  }

  static func scratchSize(columns: Int, k: Int) -> Int { 0 }

  func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ columns: Range<Int>, inner: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    Panels.packTransposedB(
      out, at(inner.lowerBound, columns.lowerBound), stride: stride, columns: columns.count, k: inner.count)
  }

  func packRows(
    _ out: UnsafeMutablePointer<Float>, _ columns: Range<Int>, inner: Range<Int>, rows: Range<Int>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    Panels.packB(
      out, at(inner.lowerBound, columns.lowerBound), stride: stride, columns: columns.count, k: inner.count, rows: rows)
  }
}
