import CProcessor

// The innermost part of a product: a tile of C from one panel of A and one of B. Prefetches are spread over the tile: a core
// has few line fill buffers, and what is read from the second level of the cache needs them too.

/// Cache lines that a tile prefetches for its successors, one every two steps of K.
struct PrefetchStream {
  var pointer: UnsafePointer<Float>
  /// Floats from one to the next.
  let step: Int
}

/// The operands of a tile: a panel's rows of A and columns of B, in elements of 32 bits.
struct TileSource {
  let a: UnsafePointer<Float>
  /// From a row of A to the next, and from a step of K to the next; one of them is 1.
  let (rowStride, stepStride): (Int, Int)
  let b: UnsafePointer<Float>
  /// From a step of K to the next in B.
  let strideOfB: Int
  /// Where B's columns become a panel on the way.
  let panel: UnsafeMutablePointer<Float>?

  /// Rows of A, `stride` apart, and a panel of B.
  @inline(__always)
  static func rows(_ a: UnsafePointer<Float>, stride: Int, _ b: UnsafePointer<Float>) -> TileSource {
    TileSource(a: a, rowStride: stride, stepStride: 1, b: b, strideOfB: Panels.width, panel: nil)
  }

  /// A panel of A, [k, 8], and a panel of B.
  @inline(__always)
  static func columns(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> TileSource {
    TileSource(a: a, rowStride: 1, stepStride: Panels.height, b: b, strideOfB: Panels.width, panel: nil)
  }

  /// A panel of A, [k, 8], and columns of B as they are stored, which become a panel on the way; an element of it spans `stride`
  /// floats.
  @inline(__always)
  static func packing(
    _ panel: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, stride: Int
  ) -> TileSource {
    TileSource(a: a, rowStride: 1, stepStride: Panels.height, b: b, strideOfB: stride, panel: panel)
  }
}

/// Where a tile goes: `rows` of its rows and `columns` of 48 columns of C.
struct TileTarget {
  let c: UnsafeMutablePointer<Float>
  let ldc: Int
  let rows: Int
  let columns: Int
  let accumulate: Bool
  /// Room for a tile that reaches beyond C.
  let edge: UnsafeMutablePointer<Float>

  /// Floats that `edge` takes: the tallest tiles have sixteen rows.
  static var edgeSize: Int { 2 * Panels.height * Panels.width }

  /// Whether the last sixteen columns of a tile can be left out.
  var isNarrow: Bool { columns <= Panels.narrowWidth }
  /// Whether all columns that are computed belong to C.
  var isFull: Bool { columns == (isNarrow ? Panels.narrowWidth : Panels.width) }

  /// Whether the whole of a tile of eight rows belongs to C.
  var isWhole: Bool { rows == Panels.height && isFull }

  /// The tile of `steps` elements of K, in its place or in `edge`.
  @inline(__always)
  func tile(_ source: TileSource, steps: Int, _ prefetch: PrefetchStream, inPlace: Bool) -> product_tile {
    product_tile(
      c: inPlace ? c : edge, c_stride: inPlace ? ldc : Panels.width, a: source.a, a_stride: source.rowStride,
      a_step: source.stepStride, b: source.b, b_stride: source.strideOfB, panel: source.panel, steps: steps,
      is_narrow: isNarrow, accumulate: inPlace && accumulate,
      prefetch: UnsafeRawPointer(prefetch.pointer).assumingMemoryBound(to: CChar.self),
      prefetch_step: prefetch.step * MemoryLayout<Float>.stride)
  }

  /// Adds or stores what belongs to C of the tile in `edge`.
  func takeEdge() {
    for i in 0..<rows {
      let (c, sums) = (c + i * ldc, edge + i * Panels.width)
      for j in 0..<columns { c[j] = accumulate ? c[j] + sums[j] : sums[j] }
    }
  }
}
