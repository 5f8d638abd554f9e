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

/// Sixteen floats to anywhere in memory.
@inline(__always)
func store(_ lanes: SIMD16<Float>, _ x: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(x).storeBytes(of: lanes, as: SIMD16<Float>.self)
}
