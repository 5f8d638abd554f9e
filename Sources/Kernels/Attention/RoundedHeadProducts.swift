import CProcessor

/// The products of numbers rounded to bfloat16. Keys and values are packed once a head, what belongs to a tile of queries once a
/// tile; P and dS are rounded too.
///
/// Legend: a pair is two neighbours of what a product sums over (`BFloat16Panels`). Channels are summed over by pairs of a row, keys
/// and queries by pairs of the rows of two of them, which begin at even ones.
struct RoundedHeadProducts: HeadProducts {
  private let format = BFloat16Panels.chosen
  private let sizes: Sizes
  /// Of channels, [D / 2, keys].
  private let transposedKeys: UnsafeMutablePointer<Float>
  private let transposedValues: UnsafeMutablePointer<Float>
  /// Of keys, [keys / 2, D]: the values in the forward pass, the keys in the backward pass.
  private let rows: UnsafeMutablePointer<Float>
  /// Of channels or keys, [queries, D / 2 or keys / 2].
  private let left: UnsafeMutablePointer<Float>
  /// Of queries, [queries / 2, D].
  private let right: UnsafeMutablePointer<Float>
  /// Of queries, panels [queries / 2, 8] of keys.
  private let panels: UnsafeMutablePointer<Float>
  private let edge: UnsafeMutablePointer<Float>

  static var alignment: Int { @inline(__always) get { 2 } }

  /// The lengths of what is packed.
  private struct Sizes {
    let length: Int
    let dimension: Int
    let width: Int
    let isBackward: Bool

    /// Pairs of channels.
    var channels: Int { (dimension + 1) / 2 }
    /// Channels of a row of pairs of keys, filled up with zeros.
    var columns: Int { (dimension + 31) / 32 * 32 }
    /// Pairs from a row of transposed keys to the next.
    var stride: Int { TileKeys.width(of: length) }
    var transposed: Int { channels * stride }
    var rows: Int { (length + 1) / 2 * columns }
    var leftStride: Int { max(channels, width / 2) }
    var left: Int { attentionTile * leftStride }
    var right: Int { attentionTile / 2 * columns }
    var panels: Int { attentionTile / 2 * (width + Panels.height) }
    var all: Int {
      let forward = transposed + rows + left + TileTarget.edgeSize
      return isBackward ? forward + transposed + right + panels : forward
    }
  }

  static func size(length: Int, dimension: Int, width: Int, isBackward: Bool) -> Int {
    Sizes(length: length, dimension: dimension, width: width, isBackward: isBackward).all
  }

  init(keys: RawMatrix, values: RawMatrix, width: Int, isBackward: Bool, scratch: UnsafeMutablePointer<Float>) {
    sizes = Sizes(length: keys.rows, dimension: keys.columns, width: width, isBackward: isBackward)
    var free = scratch
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      defer { free += count }
      return free
    }
    transposedKeys = take(sizes.transposed)
    rows = take(sizes.rows)
    left = take(sizes.left)
    edge = take(TileTarget.edgeSize)
    transposedValues = isBackward ? take(sizes.transposed) : transposedKeys
    right = isBackward ? take(sizes.right) : left
    panels = isBackward ? take(sizes.panels) : left
    packTransposed(transposedKeys, keys)
    if isBackward { packTransposed(transposedValues, values) }
    packRows(rows, isBackward ? keys : values)
  }

  func scores(_ scores: UnsafeMutablePointer<Float>, _ queries: RawMatrix, _ keys: TileKeys) {
    multiply(scores, queries, transposedKeys, keys)
  }

  func scoreGradients(_ dScores: UnsafeMutablePointer<Float>, _ dOut: RawMatrix, _ keys: TileKeys) {
    multiply(dScores, dOut, transposedValues, keys)
  }

  func output(_ out: RawMutableMatrix, _ probabilities: UnsafePointer<Float>, _ keys: TileKeys) {
    addRows(out, probabilities, keys)
  }

  func gradients(_ gradients: HeadGradients, of tile: HeadTile, _ keys: TileKeys) {
    addRows(gradients.queries, tile.dScores, keys)
    addTransposed(gradients.keys, tile.dScores, tile.queries, keys)
    addTransposed(gradients.values, tile.probabilities, tile.dOut, keys)
  }

  // MARK: Products

  /// The left operand of a product: rows of pairs, or panels [pairs, 8].
  private struct Left {
    let pointer: UnsafePointer<Float>
    /// From a row to the next, from a pair to the next, and from eight rows to the next.
    let (rowStride, pairStride, eightStride): (Int, Int, Int)

    static func rows(_ pointer: UnsafePointer<Float>, stride: Int) -> Left {
      Left(pointer: pointer, rowStride: stride, pairStride: 1, eightStride: Panels.height * stride)
    }

    static func panels(_ pointer: UnsafePointer<Float>, pairs: Int) -> Left {
      Left(pointer: pointer, rowStride: 1, pairStride: Panels.height, eightStride: Panels.height * pairs)
    }
  }

  private var leftRows: Left { .rows(left, stride: sizes.leftStride) }

  /// scores [queries, keys] = x [queries, D] times the transposed keys or values.
  private func multiply(
    _ scores: UnsafeMutablePointer<Float>, _ x: RawMatrix, _ transposed: UnsafePointer<Float>, _ keys: TileKeys
  ) {
    for row in 0..<x.rows { format.packNeighbours(left + row * sizes.leftStride, x.at(row, 0), x.columns) }
    keys.forEachRun { column, place, count in
      let whole = (count + 31) / 32 * 32
      multiply(
        RawMutableMatrix(scores + place, rows: x.rows, columns: whole, stride: keys.width), leftRows,
        transposed + column, sizes.stride, accumulate: false
      ) { _ in 0..<sizes.channels }
    }
  }

  /// out [queries, D] = x [queries, keys] times the rows of keys or values.
  private func addRows(_ out: RawMutableMatrix, _ x: UnsafePointer<Float>, _ keys: TileKeys) {
    keys.forEachRun { column, place, count in
      for row in 0..<out.rows {
        format.packNeighbours(left + row * sizes.leftStride, x + row * keys.width + place, count)
      }
      multiply(
        out, leftRows, rows + column / 2 * sizes.columns, sizes.columns, accumulate: place > 0
      ) { queries in
        0..<(min(count, max(0, keys.end(seenBy: queries) - place)) + 1) / 2
      }
    }
  }

  /// out [keys, D] += x^T y for x [queries, keys] and y [queries, D].
  private func addTransposed(_ out: RawMutableMatrix, _ x: UnsafePointer<Float>, _ y: RawMatrix, _ keys: TileKeys) {
    packRows(right, y)
    let pairs = (y.rows + 1) / 2
    keys.forEachRun { column, place, count in
      for pair in 0..<pairs {
        let low = x + 2 * pair * keys.width + place
        format.packEights(
          panels + pair * Panels.height, stride: pairs * Panels.height, low,
          2 * pair + 1 < y.rows ? low + keys.width : nil, count)
      }
      multiply(
        out.rows(column..<column + count), .panels(panels, pairs: pairs), right, sizes.columns, accumulate: true
      ) { run in
        keys.queriesBefore(place + run.lowerBound..<place + run.upperBound) / 2..<pairs
      }
    }
  }

  /// C (+)= A B for rows of B `strideOfB` apart. Of eight rows of A, the pairs outside `inner` are zeros.
  @inline(__always)
  private func multiply(
    _ c: RawMutableMatrix, _ a: Left, _ b: UnsafePointer<Float>, _ strideOfB: Int, accumulate: Bool,
    inner: (_ eight: Range<Int>) -> Range<Int>
  ) {
    for column in Swift.stride(from: 0, to: c.columns, by: Panels.narrowWidth) {
      for row in Swift.stride(from: 0, to: c.rows, by: Panels.height) {
        let eight = row..<min(row + Panels.height, c.rows)
        let inner = inner(eight)
        guard !(accumulate && inner.isEmpty) else { continue }
        let target = TileTarget(
          c: c.at(row, column), ldc: c.stride, rows: eight.count,
          columns: min(Panels.narrowWidth, c.columns - column), accumulate: accumulate, edge: edge)
        let source = TileSource(
          a: a.pointer + row / Panels.height * a.eightStride + inner.lowerBound * a.pairStride, rowStride: a.rowStride,
          stepStride: a.pairStride, b: b + column + inner.lowerBound * strideOfB, strideOfB: strideOfB, panel: nil)
        format.compute(target, source, inner.count, PrefetchStream(pointer: b, step: 0))
      }
    }
  }

  // MARK: Packing

  /// Pairs of channels of x [length, D], [D / 2, length], with zeros behind the last.
  private func packTransposed(_ out: UnsafeMutablePointer<Float>, _ x: RawMatrix) {
    let (channels, stride) = (sizes.channels, sizes.stride)
    // The place of the rows is not taken yet.
    for row in 0..<x.rows { format.packNeighbours(rows + row * channels, x.at(row, 0), x.columns) }
    transpose(
      RawMutableMatrix(out, rows: channels, columns: x.rows, stride: stride),
      RawMatrix(rows, rows: x.rows, columns: channels, stride: channels))
    TransposedHead.clearEnds(out, rows: channels, length: x.rows, stride: stride)
  }

  /// Pairs of rows of x [n, D], [n / 2, D], filled up with zeros.
  private func packRows(_ out: UnsafeMutablePointer<Float>, _ x: RawMatrix) {
    for pair in 0..<(x.rows + 1) / 2 {
      let low = x.at(2 * pair, 0)
      format.packRow(
        out + pair * sizes.columns, low, 2 * pair + 1 < x.rows ? low + x.stride : nil, x.columns)
    }
  }
}
