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
protocol RegisterTile {
  init()
  /// Whole vectors of columns.
  static var vectors: Int { get }
  /// Adds the products of a column of A, its numbers `step` apart, and a row of B.
  mutating func add(_ a: UnsafePointer<Float>, _ step: Int, _ b: UnsafePointer<Float>)
  func write(to c: UnsafeMutablePointer<Float>, _ ldc: Int, accumulate: Bool)
}

/// The operands of a tile, which passes through them an inner step at a time.
protocol TileSource {
  /// Makes the next `steps`, at most sixteen, ready for a tile of so many vectors.
  mutating func prepare(_ steps: Int, vectors: Int)
  /// Adds the products of the next column of A and row of B.
  mutating func step(_ tile: inout some RegisterTile)
}

extension TileSource {
  @inline(__always)
  mutating func prepare(_ steps: Int, vectors: Int) {}
}

/// Eight rows of A, `stride` floats apart, and a panel of B.
struct Rows: TileSource {
  var a: UnsafePointer<Float>
  let stride: Int
  var b: UnsafePointer<Float>

  @inline(__always)
  mutating func step(_ tile: inout some RegisterTile) {
    tile.add(a, stride, b)
    a += 1
    b += Panels.width
  }
}

/// A panel of A, [k, 8], and a panel of B.
struct Columns: TileSource {
  var a: UnsafePointer<Float>
  var b: UnsafePointer<Float>

  @inline(__always)
  mutating func step(_ tile: inout some RegisterTile) {
    tile.add(a, 1, b)
    a += Panels.height
    b += Panels.width
  }
}

/// A panel of A, [k, 8], and columns of B as they are stored, its rows `stride` floats apart, which become a panel on the way:
/// while some rows are copied, the sums of those before are computed.
struct ColumnsCopyingB: TileSource {
  var a: UnsafePointer<Float>
  var b: UnsafePointer<Float>
  let stride: Int
  var panel: UnsafeMutablePointer<Float>

  @inline(__always)
  mutating func prepare(_ steps: Int, vectors: Int) {
    for step in 0..<steps {
      for vector in 0..<vectors { store(load(b, 16 * vector), panel + step * Panels.width + 16 * vector) }
      b += stride
    }
  }

  @inline(__always)
  mutating func step(_ tile: inout some RegisterTile) {
    tile.add(a, 1, panel)
    a += Panels.height
    panel += Panels.width
  }
}

/// Where a tile goes: `rows` of eight rows and `columns` of 48 columns of C.
struct TileTarget {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let rows: Int
  let columns: Int
  let accumulate: Bool
  /// Room for a tile that reaches beyond C.
  let edge: UnsafeMutablePointer<Float>

  /// Floats that `edge` takes.
  static var edgeSize: Int { Panels.height * Panels.width }

  /// Whether the last sixteen columns of a tile can be left out.
  var isNarrow: Bool { columns <= Panels.narrowWidth }
  /// Whether all columns that are computed belong to C.
  var isFull: Bool { columns == (isNarrow ? Panels.narrowWidth : Panels.width) }

  /// Adds or stores the products of `k` steps of `source`.
  @inline(__always)
  func compute(_ source: some TileSource, _ k: Int, _ ahead: Ahead) {
    if rows == Panels.height, isFull { return compute(to: c, ldc, source, k, accumulate: accumulate, ahead) }
    compute(to: edge, Panels.width, source, k, accumulate: false, ahead)
    for i in 0..<rows {
      let (c, sums) = (c + i * ldc, edge + i * Panels.width)
      for j in 0..<columns { c[j] = accumulate ? c[j] + sums[j] : sums[j] }
    }
  }

  @inline(__always)
  private func compute(
    to c: UnsafeMutablePointer<Float>, _ ldc: Int, _ source: some TileSource, _ k: Int, accumulate: Bool, _ ahead: Ahead
  ) {
    if isNarrow {
      computeTile(NarrowTile.self, c, ldc, source, k, accumulate, ahead)
    } else {
      computeTile(WideTile.self, c, ldc, source, k, accumulate, ahead)
    }
  }
}

@inline(never)
private func computeTile<Tile: RegisterTile>(
  _: Tile.Type, _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ source: some TileSource, _ k: Int, _ accumulate: Bool,
  _ ahead: Ahead
) {
  var tile = Tile()
  var (source, ahead, target) = (source, ahead, c)
  // C's rows are fetched when they will be needed soon: until then what passes by would push them out again.
  let first = max(0, k / 2 - Panels.lead)
  for pair in 0..<k / 2 {
    prefetch_for_reading_later(ahead.pointer)
    ahead.pointer += ahead.step
    if UInt(bitPattern: pair &- first) < UInt(bitPattern: Panels.height) {
      for vector in 0..<Tile.vectors { prefetch_for_writing(target + 16 * vector) }
      target += ldc
    }
    if pair % 8 == 0 { source.prepare(min(16, k - 2 * pair), vectors: Tile.vectors) }
    // Two steps at a time as a loop: written out, the compiler mixes them and runs out of registers.
    for _ in 0..<2 { source.step(&tile) }
  }
  if k % 16 == 1 { source.prepare(1, vectors: Tile.vectors) }
  if k % 2 > 0 { source.step(&tile) }
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
