import CProcessor

/// The products of a few new queries in generation, for which transposing or packing all keys does not pay.
struct FewQueryProducts: HeadProducts {
  private let keys: RawMatrix
  private let values: RawMatrix

  static var alignment: Int { @inline(__always) get { 1 } }

  static func size(length: Int, dimension: Int, width: Int, isBackward: Bool) -> Int { 0 }

  init(keys: RawMatrix, values: RawMatrix, width: Int, isBackward: Bool, scratch: UnsafeMutablePointer<Float>) {
    (self.keys, self.values) = (keys, values)
  }

  func scores(_ scores: UnsafeMutablePointer<Float>, _ queries: RawMatrix, _ keys: TileKeys) {
    keys.forEachRun { column, place, count in
      for query in 0..<queries.rows {
        let (scores, q) = (scores + query * keys.width + place, queries.at(query, 0))
        for j in 0..<count { scores[j] = dot(q, self.keys.at(column + j, 0), queries.columns) }
      }
    }
  }

  func output(_ out: RawMutableMatrix, _ probabilities: UnsafePointer<Float>, _ keys: TileKeys) {
    addValues(out, probabilities, values, keys)
  }

  func scoreGradients(_ dScores: UnsafeMutablePointer<Float>, _ dOut: RawMatrix, _ keys: TileKeys) {
    fatalError("generation has no backward pass")
  }

  func gradients(_ gradients: HeadGradients, of tile: HeadTile, _ keys: TileKeys) {
    fatalError("generation has no backward pass")
  }
}

/// The same of numbers rounded to bfloat16.
struct RoundedFewQueryProducts: HeadProducts {
  private let products: FewQueryProducts
  private let queries: UnsafeMutablePointer<Float>
  private let probabilities: UnsafeMutablePointer<Float>

  static var alignment: Int { @inline(__always) get { 1 } }

  static func size(length: Int, dimension: Int, width: Int, isBackward: Bool) -> Int {
    2 * length * dimension + fewQueries * (dimension + width)
  }

  init(keys: RawMatrix, values: RawMatrix, width: Int, isBackward: Bool, scratch: UnsafeMutablePointer<Float>) {
    let (length, dimension) = (keys.rows, keys.columns)
    products = FewQueryProducts(
      keys: rounded(keys, to: scratch), values: rounded(values, to: scratch + length * dimension), width: width,
      isBackward: isBackward, scratch: scratch)
    queries = scratch + 2 * length * dimension
    probabilities = queries + fewQueries * dimension
  }

  func scores(_ scores: UnsafeMutablePointer<Float>, _ queries: RawMatrix, _ keys: TileKeys) {
    products.scores(scores, rounded(queries, to: self.queries), keys)
  }

  func output(_ out: RawMutableMatrix, _ probabilities: UnsafePointer<Float>, _ keys: TileKeys) {
    let all = RawMatrix(probabilities, rows: out.rows, columns: keys.width, stride: keys.width)
    products.output(out, rounded(all, to: self.probabilities).pointer, keys)
  }

  func scoreGradients(_ dScores: UnsafeMutablePointer<Float>, _ dOut: RawMatrix, _ keys: TileKeys) {
    fatalError("generation has no backward pass")
  }

  func gradients(_ gradients: HeadGradients, of tile: HeadTile, _ keys: TileKeys) {
    fatalError("generation has no backward pass")
  }
}

/// The elements of x, rounded to bfloat16, without gaps at `out`.
private func rounded(_ x: RawMatrix, to out: UnsafeMutablePointer<Float>) -> RawMatrix {
  for row in 0..<x.rows { round_to_bfloat16(out + row * x.columns, x.at(row, 0), x.columns) }
  return RawMatrix(out, rows: x.rows, columns: x.columns, stride: x.columns)
}
