import CProcessor

/// The most rows for which `FewRowsProduct` is the faster way.
let fewRows = 32

/// C [m, n] (+)= A [m, k] B for a few rows of A and a transposed B: a layer's outputs for one token of each of some sequences.
///
/// Reading B is what takes the time: its rows are used as they are stored, for tiles of C^T = B^T A^T with 24 rows and 16 columns.
/// Sums are in the order of `PanelProduct`'s.
struct FewRowsProduct<Operand: ProductOperand, Format: PanelFormat> {
  private let c: RawMutableMatrix
  /// A^T, of which all columns fit in a panel.
  private let a: RawMatrix
  private let b: Operand
  private let format: Format
  private let accumulate: Bool
  private let blocks: KBlocks

  private static var height: Int { Int(SLIM_TILE_HEIGHT) }
  private static var width: Int { 16 }

  /// `b` is a transposed matrix, `a` is not.
  init(_ c: RawMutableMatrix, _ a: RawMatrix, _ b: Operand, _ format: Format, accumulate: Bool) {
    (self.c, self.a, self.b, self.format, self.accumulate) = (c, a.transposed, b, format, accumulate)
    blocks = Format.blocks(a.columns)
  }

  func run() {
    let threads = Parallel.threads
    let packedSize = Panels.width * Format.elements(a.rows)
    let packingSize = Format.scratchSize(RawMatrix.self, columns: Panels.width, inner: blocks.deepest)
    let threadSize = Self.height * Panels.rowStride + Self.sumsSize + 2 * blocks.deepest
    let size = packedSize + max(packingSize, threads * threadSize)
    let packed = Memory.allocate(size)
    defer { Memory.release(packed, count: size) }
    let scratch = packed + packedSize
    for block in 0..<blocks.count {
      let inner = blocks[block]
      format.packColumns(packed + Panels.width * inner.lowerBound, a, 0..<c.rows, inner: inner, scratch: scratch)
    }
    let tiles = (c.columns + Self.height - 1) / Self.height
    let grain = max(1, Parallel.grain(1 << 17, of: c.columns * a.rows) / (Self.height * a.rows))
    Parallel.run((tiles + grain - 1) / grain, threads: threads) { piece, thread in
      format.computing {
        for tile in piece * grain..<min(tiles, (piece + 1) * grain) {
          compute(tile * Self.height, packed, scratch: scratch + thread * threadSize)
        }
      }
    }
  }

  /// Floats that a tile's sums take, as they are computed and transposed.
  private static var sumsSize: Int { (height + Panels.width) * width }

  /// 24 columns of C, from `column` on.
  private func compute(_ column: Int, _ packed: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>) {
    let columns = column..<min(c.columns, column + Self.height)
    let sums = scratch + Self.height * Panels.rowStride
    let transposed = sums + Self.height * Self.width
    for block in 0..<blocks.count {
      let inner = blocks[block]
      let rows = format.storedRows(of: b, columns, inner: inner, scratch: scratch, numbers: sums + Self.sumsSize)
      for first in stride(from: 0, to: c.rows, by: Self.width) {
        var tile = product_tile()
        (tile.c, tile.c_stride) = (sums, Self.width)
        (tile.a, tile.a_stride) = (UnsafeRawPointer(rows.first), rows.stride)
        (tile.b, tile.b_stride) = (UnsafeRawPointer(packed + Panels.width * inner.lowerBound + first), Panels.width)
        tile.steps = inner.count
        // The rows that follow are fetched, as many bytes of them as this block has.
        let line = Self.height * MemoryLayout<Float>.stride
        if rows.isInPlace, first == 0 {
          let following = UnsafeRawPointer(rows.first + Self.height * rows.stride - inner.lowerBound)
          tile.prefetch = (following + line * inner.lowerBound).assumingMemoryBound(to: CChar.self)
          tile.prefetch_step = line
        } else {
          tile.prefetch = UnsafeRawPointer(sums).assumingMemoryBound(to: CChar.self)
        }
        format.computeSlim(&tile)
        transpose(
          RawMutableMatrix(transposed, rows: Self.width, columns: Self.height, stride: Panels.width),
          RawMatrix(sums, rows: Self.height, columns: Self.width, stride: Self.width))
        TileTarget(
          c: c.at(first, column), ldc: c.stride, rows: min(Self.width, c.rows - first), columns: columns.count,
          accumulate: accumulate || block > 0, edge: transposed
        ).takeEdge()
      }
    }
  }
}

/// Rows of elements, in their place or copied.
struct StoredRows {
  let first: UnsafePointer<Float>
  /// Elements from one to the next.
  let stride: Int
  let isInPlace: Bool
}
