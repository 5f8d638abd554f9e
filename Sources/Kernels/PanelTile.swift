import CProcessor

// The innermost part of a product: a tile of C from one panel of A and one of B. Whatever is fetched ahead is spread over
// the tile: the core waits for few lines of memory at a time, and those that are in the second level need the same places.

/// Lines of memory that a tile fetches for its successors, two inner steps each.
struct Ahead {
  var pointer: UnsafePointer<Float>
  /// Floats from one to the next.
  let step: Int
}

/// Sums that stay in registers, eight rows of them.
private protocol RegisterTile {
  init()
  /// Whole vectors of columns.
  static var vectors: Int { get }
  /// Adds the products of a column of A, its numbers `step` apart, and a row of B.
  mutating func add(_ a: UnsafePointer<Float>, _ step: Int, _ b: UnsafePointer<Float>)
  func write(to c: UnsafeMutablePointer<Float>, _ ldc: Int, accumulate: Bool)
}

extension Panels {
  /// Computes a tile of C, [8, 48], from a panel of B and one of A, whose numbers lie as the operand's do. `isNarrow` tiles
  /// leave out the last sixteen columns.
  static func multiply(
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, isTransposed: Bool,
    _ b: UnsafePointer<Float>, _ k: Int, isNarrow: Bool, accumulate: Bool, _ ahead: Ahead
  ) {
    let compute =
      isTransposed ? (isNarrow ? narrowTurnedTile : wideTurnedTile) : (isNarrow ? narrowTile : wideTile)
    compute(c, ldc, a, b, k, accumulate, ahead)
  }
}

private func wideTile(
  _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ k: Int,
  _ accumulate: Bool, _ ahead: Ahead
) {
  compute(WideTile.self, c, ldc, a, step: Panels.rowStride, increment: 1, b, k, accumulate, ahead)
}

private func wideTurnedTile(
  _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ k: Int,
  _ accumulate: Bool, _ ahead: Ahead
) {
  compute(WideTile.self, c, ldc, a, step: 1, increment: Panels.height, b, k, accumulate, ahead)
}

private func narrowTile(
  _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ k: Int,
  _ accumulate: Bool, _ ahead: Ahead
) {
  compute(NarrowTile.self, c, ldc, a, step: Panels.rowStride, increment: 1, b, k, accumulate, ahead)
}

private func narrowTurnedTile(
  _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ k: Int,
  _ accumulate: Bool, _ ahead: Ahead
) {
  compute(NarrowTile.self, c, ldc, a, step: 1, increment: Panels.height, b, k, accumulate, ahead)
}

/// The rows of A are `step` apart, its columns `increment`.
@inline(__always)
private func compute<Tile: RegisterTile>(
  _: Tile.Type, _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, step: Int, increment: Int,
  _ b: UnsafePointer<Float>, _ k: Int, _ accumulate: Bool, _ ahead: Ahead
) {
  var tile = Tile()
  var (a, b, ahead, target) = (a, b, ahead, c)
  // C's rows are fetched when they will be needed soon: until then what passes by would push them out again.
  let first = max(0, k / 2 - Panels.lead)
  for pair in 0..<k / 2 {
    prefetch_for_reading(ahead.pointer)
    ahead.pointer += ahead.step
    if UInt(bitPattern: pair &- first) < UInt(bitPattern: Panels.height) {
      for vector in 0..<Tile.vectors { prefetch_for_writing(target + 16 * vector) }
      target += ldc
    }
    // Two steps at a time as a loop: written out, the compiler mixes them and runs out of registers.
    for _ in 0..<2 {
      tile.add(a, step, b)
      a += increment
      b += Panels.width
    }
  }
  if k % 2 > 0 { tile.add(a, step, b) }
  tile.write(to: c, ldc, accumulate: accumulate)
}

/// 8 x 48 sums: with three vectors of B and a number of A, the 32 registers are used but for four.
private struct WideTile: RegisterTile {
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
private struct NarrowTile: RegisterTile {
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
