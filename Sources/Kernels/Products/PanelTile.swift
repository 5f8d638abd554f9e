import CProcessor

// The innermost part of a product: a tile of C from one panel of A and one of B. Prefetches are spread over the tile: a core
// has few line fill buffers, and what is read from the second level of the cache needs them too.

/// Cache lines that a tile prefetches for its successors, one every two steps of K.
struct PrefetchStream {
  var pointer: UnsafePointer<Float>
  /// Floats from one to the next.
  let step: Int
}

/// The operands of a tile, which passes through them one step of K at a time.
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

  /// Whether the whole tile belongs to C.
  var isWhole: Bool { rows == Panels.height && isFull }

  /// Adds or stores the products of `k` steps of `source`.
  @inline(__always)
  func compute(_ source: some TileSource, _ k: Int, _ prefetch: PrefetchStream) {
    if isWhole { return compute(to: c, ldc, source, k, accumulate: accumulate, prefetch) }
    compute(to: edge, Panels.width, source, k, accumulate: false, prefetch)
    takeEdge()
  }

  /// Adds or stores what belongs to C of the tile in `edge`.
  func takeEdge() {
    for i in 0..<rows {
      let (c, sums) = (c + i * ldc, edge + i * Panels.width)
      for j in 0..<columns { c[j] = accumulate ? c[j] + sums[j] : sums[j] }
    }
  }

  @inline(__always)
  private func compute(
    to c: UnsafeMutablePointer<Float>, _ ldc: Int, _ source: some TileSource, _ k: Int, accumulate: Bool,
    _ prefetch: PrefetchStream
  ) {
    if isNarrow {
      computeTile(NarrowTile.self, c, ldc, source, k, accumulate, prefetch)
    } else {
      computeTile(WideTile.self, c, ldc, source, k, accumulate, prefetch)
    }
  }
}

@inline(never)
private func computeTile<Tile: RegisterTile>(
  _: Tile.Type, _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ source: some TileSource, _ k: Int, _ accumulate: Bool,
  _ prefetch: PrefetchStream
) {
  var tile = Tile()
  var (source, prefetch, target) = (source, prefetch, c)
  // C's rows are fetched when they will be needed soon: until then what passes by would push them out again.
  let first = max(0, k / 2 - Panels.lead)
  for pair in 0..<k / 2 {
    prefetch_for_reading_later(prefetch.pointer)
    prefetch.pointer += prefetch.step
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
