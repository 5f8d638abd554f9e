/// Sums that stay in registers, eight rows of them.
protocol RegisterTile {
  init()
  /// Whole vectors of columns.
  static var vectors: Int { get }
  /// Adds the products of a column of A, its numbers `step` apart, and a row of B.
  mutating func add(_ a: UnsafePointer<Float>, _ step: Int, _ b: UnsafePointer<Float>)
  func write(to c: UnsafeMutablePointer<Float>, _ ldc: Int, accumulate: Bool)
}

/// 8 x 48 sums: with three vectors of B and a number of A, the 32 registers are used but for four.
struct WideTile: RegisterTile {
  private var rows = (
    WideRow(), WideRow(), WideRow(), WideRow(), WideRow(), WideRow(), WideRow(), WideRow()
  )

  @inline(__always)
  init() {}

  static var vectors: Int { @inline(__always) get { 3 } }

  @inline(__always)
  mutating func add(_ a: UnsafePointer<Float>, _ step: Int, _ b: UnsafePointer<Float>) {
    let (low, middle, high) = (load(b, 0), load(b, 16), load(b, 32))
    rows.0.add(a[0], low, middle, high)
    rows.1.add(a[step], low, middle, high)
    rows.2.add(a[2 * step], low, middle, high)
    rows.3.add(a[3 * step], low, middle, high)
    rows.4.add(a[4 * step], low, middle, high)
    rows.5.add(a[5 * step], low, middle, high)
    rows.6.add(a[6 * step], low, middle, high)
    rows.7.add(a[7 * step], low, middle, high)
  }

  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, _ ldc: Int, accumulate: Bool) {
    rows.0.write(to: c, accumulate: accumulate)
    rows.1.write(to: c + ldc, accumulate: accumulate)
    rows.2.write(to: c + 2 * ldc, accumulate: accumulate)
    rows.3.write(to: c + 3 * ldc, accumulate: accumulate)
    rows.4.write(to: c + 4 * ldc, accumulate: accumulate)
    rows.5.write(to: c + 5 * ldc, accumulate: accumulate)
    rows.6.write(to: c + 6 * ldc, accumulate: accumulate)
    rows.7.write(to: c + 7 * ldc, accumulate: accumulate)
  }
}

/// 8 x 32 sums, for the last columns of a product.
struct NarrowTile: RegisterTile {
  private var upper = FourRows()
  private var lower = FourRows()

  @inline(__always)
  init() {}

  static var vectors: Int { @inline(__always) get { 2 } }

  @inline(__always)
  mutating func add(_ a: UnsafePointer<Float>, _ step: Int, _ b: UnsafePointer<Float>) {
    let (low, high) = (load(b, 0), load(b, 16))
    upper.add(a, step, low, high)
    lower.add(a + 4 * step, step, low, high)
  }

  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, _ ldc: Int, accumulate: Bool) {
    upper.write(to: c, ldc, accumulate: accumulate)
    lower.write(to: c + 4 * ldc, ldc, accumulate: accumulate)
  }
}

/// Four rows and 32 columns of sums, which stay in registers.
struct FourRows {
  private var a0 = SIMD16<Float>.zero
  private var a1 = SIMD16<Float>.zero
  private var b0 = SIMD16<Float>.zero
  private var b1 = SIMD16<Float>.zero
  private var c0 = SIMD16<Float>.zero
  private var c1 = SIMD16<Float>.zero
  private var d0 = SIMD16<Float>.zero
  private var d1 = SIMD16<Float>.zero

  /// Adds the products of four numbers, `step` apart, with 32 columns.
  @inline(__always)
  mutating func add(_ x: UnsafePointer<Float>, _ step: Int, _ low: SIMD16<Float>, _ high: SIMD16<Float>) {
    let a = SIMD16(repeating: x[0])
    a0.addProduct(a, low)
    a1.addProduct(a, high)
    let b = SIMD16(repeating: x[step])
    b0.addProduct(b, low)
    b1.addProduct(b, high)
    let c = SIMD16(repeating: x[2 * step])
    c0.addProduct(c, low)
    c1.addProduct(c, high)
    let d = SIMD16(repeating: x[3 * step])
    d0.addProduct(d, low)
    d1.addProduct(d, high)
  }

  /// Stores the rows, or adds them to what is there.
  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, _ stride: Int, accumulate: Bool) {
    writeRow(a0, a1, c, accumulate)
    writeRow(b0, b1, c + stride, accumulate)
    writeRow(c0, c1, c + 2 * stride, accumulate)
    writeRow(d0, d1, c + 3 * stride, accumulate)
  }
}

/// A row and 48 columns of sums, which stay in registers.
struct WideRow {
  private var low = SIMD16<Float>.zero
  private var middle = SIMD16<Float>.zero
  private var high = SIMD16<Float>.zero

  /// Adds the products of a number with 48 columns.
  @inline(__always)
  mutating func add(_ x: Float, _ b0: SIMD16<Float>, _ b1: SIMD16<Float>, _ b2: SIMD16<Float>) {
    let a = SIMD16(repeating: x)
    low.addProduct(a, b0)
    middle.addProduct(a, b1)
    high.addProduct(a, b2)
  }

  /// Stores the row, or adds it to what is there.
  @inline(__always)
  func write(to c: UnsafeMutablePointer<Float>, accumulate: Bool) {
    writeRow(low, middle, c, accumulate)
    store(accumulate ? load(c, 32) + high : high, c + 32)
  }
}

/// Stores a row of 32 sums, or adds it to what is there.
@inline(__always)
func writeRow(
  _ low: SIMD16<Float>, _ high: SIMD16<Float>, _ c: UnsafeMutablePointer<Float>, _ accumulate: Bool
) {
  store(accumulate ? load(c, 0) + low : low, c)
  store(accumulate ? load(c, 16) + high : high, c + 16)
}
