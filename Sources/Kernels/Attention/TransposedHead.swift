/// Keys or values of a head with the channels as rows, [D, length], and room behind each for a vector that begins at its
/// last number.
struct TransposedHead {
  private let pointer: UnsafeMutablePointer<Float>
  private let stride: Int

  static func size(length: Int, dimension: Int) -> Int { dimension * TileKeys.width(of: length) }

  /// The transpose of x [length, D], in `size` floats at `scratch`.
  init(_ x: RawMatrix, scratch: UnsafeMutablePointer<Float>) {
    let (length, dimension) = (x.rows, x.columns)
    stride = TileKeys.width(of: length)
    pointer = scratch
    transpose(RawMutableMatrix(pointer, rows: dimension, columns: length, stride: stride), x)
    Self.clearEnds(pointer, rows: dimension, length: length, stride: stride)
  }

  /// Zeros behind the `length` numbers of each row: 32 to 63, a pair of vectors from where they begin and one before where they end.
  @inline(__always)
  static func clearEnds(_ x: UnsafeMutablePointer<Float>, rows: Int, length: Int, stride: Int) {
    for row in 0..<rows {
      let (begin, end) = (x + row * stride + length, x + (row + 1) * stride)
      store(.zero, begin)
      store(.zero, begin + 16)
      store(.zero, end - 32)
      store(.zero, end - 16)
    }
  }

  /// scores [rows, keys] = x [rows, D] times the tile's keys, `width` floats a row.
  @inline(__always)
  func multiply(_ scores: UnsafeMutablePointer<Float>, width: Int, _ x: RawMatrix, _ keys: TileKeys) {
    keys.forEachRun { column, place, count in
      tileProduct(
        RawMutableMatrix(scores + place, rows: x.rows, columns: count, stride: width), x,
        RawMatrix(pointer + column, rows: x.columns, columns: count, stride: stride), accumulate: false, padded: true)
    }
  }
}
