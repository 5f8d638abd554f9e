/// The products of one head's attention, of operands as they are or rounded.
protocol HeadProducts {
  /// What the first key of a run of neighbouring keys, and its place among the scores, are multiples of.
  static var alignment: Int { get }
  /// Floats that `scratch` has to hold for `length` keys of `dimension` channels and rows of at most `width` scores.
  static func size(length: Int, dimension: Int, width: Int, isBackward: Bool) -> Int

  /// The products with keys and values [length, D], the backward pass's too if they are wanted.
  init(keys: RawMatrix, values: RawMatrix, width: Int, isBackward: Bool, scratch: UnsafeMutablePointer<Float>)

  /// S = Q K^T for a tile of queries.
  func scores(_ scores: UnsafeMutablePointer<Float>, _ queries: RawMatrix, _ keys: TileKeys)
  /// O = P V. What follows P in its rows, up to `keys.width`, is zero.
  func output(_ out: RawMutableMatrix, _ probabilities: UnsafePointer<Float>, _ keys: TileKeys)
  /// dP = dO V^T.
  func scoreGradients(_ dScores: UnsafeMutablePointer<Float>, _ dOut: RawMatrix, _ keys: TileKeys)
  /// dQ = dS K, dK += dS^T Q and dV += P^T dO.
  func gradients(_ gradients: HeadGradients, of tile: HeadTile, _ keys: TileKeys)
}

/// The gradients that a tile of queries adds to: dQ of the tile, dK and dV of all keys.
struct HeadGradients {
  let queries: RawMutableMatrix
  let keys: RawMutableMatrix
  let values: RawMutableMatrix
}

/// What a tile of queries has been found to be: P and dS, `width` floats a row, Q and dO.
struct HeadTile {
  let probabilities: UnsafePointer<Float>
  let dScores: UnsafePointer<Float>
  let queries: RawMatrix
  let dOut: RawMatrix
}

/// The products of floats.
struct FloatHeadProducts: HeadProducts {
  private let keys: RawMatrix
  private let values: RawMatrix
  private let transposedKeys: TransposedHead
  private let transposedValues: TransposedHead

  static var alignment: Int { @inline(__always) get { 1 } }

  static func size(length: Int, dimension: Int, width: Int, isBackward: Bool) -> Int {
    (isBackward ? 2 : 1) * TransposedHead.size(length: length, dimension: dimension)
  }

  @inline(__always)
  init(keys: RawMatrix, values: RawMatrix, width: Int, isBackward: Bool, scratch: UnsafeMutablePointer<Float>) {
    (self.keys, self.values) = (keys, values)
    transposedKeys = TransposedHead(keys, scratch: scratch)
    transposedValues =
      isBackward
      ? TransposedHead(values, scratch: scratch + TransposedHead.size(length: keys.rows, dimension: keys.columns))
      : transposedKeys
  }

  @inline(__always)
  func scores(_ scores: UnsafeMutablePointer<Float>, _ queries: RawMatrix, _ keys: TileKeys) {
    transposedKeys.multiply(scores, width: keys.width, queries, keys)
  }

  @inline(__always)
  func output(_ out: RawMutableMatrix, _ probabilities: UnsafePointer<Float>, _ keys: TileKeys) {
    addValues(out, probabilities, values, keys)
  }

  @inline(__always)
  func scoreGradients(_ dScores: UnsafeMutablePointer<Float>, _ dOut: RawMatrix, _ keys: TileKeys) {
    transposedValues.multiply(dScores, width: keys.width, dOut, keys)
  }

  @inline(__always)
  func gradients(_ gradients: HeadGradients, of tile: HeadTile, _ tileKeys: TileKeys) {
    let (rows, width) = (tile.queries.rows, tileKeys.width)
    tileKeys.forEachRun { column, place, count in
      let run = column..<column + count
      let dS = RawMatrix(tile.dScores + place, rows: rows, columns: count, stride: width)
      let p = RawMatrix(tile.probabilities + place, rows: rows, columns: count, stride: width)
      tileProduct(gradients.queries, dS, keys.rows(run), accumulate: place > 0)
      tileProduct(gradients.keys.rows(run), dS.transposed, tile.queries, accumulate: true)
      tileProduct(gradients.values.rows(run), p.transposed, tile.dOut, accumulate: true)
    }
  }
}

/// O = P V in floats.
@inline(__always)
func addValues(
  _ out: RawMutableMatrix, _ probabilities: UnsafePointer<Float>, _ values: RawMatrix, _ keys: TileKeys
) {
  keys.forEachRun { column, place, count in
    tileProduct(
      out, RawMatrix(probabilities + place, rows: out.rows, columns: count, stride: keys.width),
      values.rows(column..<column + count), accumulate: place > 0)
  }
}
