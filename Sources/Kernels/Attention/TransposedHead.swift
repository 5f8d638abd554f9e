/// Keys or values of a head with the channels as rows, [D, length], and room behind each for a vector that begins at its
/// last number.
struct TransposedHead {
  private let pointer: UnsafeMutablePointer<Float>
  let stride: Int

  static func size(length: Int, dimension: Int) -> Int { dimension * TileKeys.width(of: length) }

  /// Takes `size` floats at `scratch`.
  init(_ x: UnsafePointer<Float>, stride: Int, length: Int, dimension: Int, scratch: UnsafeMutablePointer<Float>) {
    self.stride = TileKeys.width(of: length)
    pointer = scratch
    transpose(pointer, ldOut: self.stride, x, stride: stride, rows: length, columns: dimension)
    // 32 to 63 numbers: a pair of vectors from where they begin and one before where they end.
    for channel in 0..<dimension {
      let (begin, end) = (pointer + channel * self.stride + length, pointer + (channel + 1) * self.stride)
      store(.zero, begin)
      store(.zero, begin + 16)
      store(.zero, end - 32)
      store(.zero, end - 16)
    }
  }

  /// scores [rows, keys] = x [rows, D] times the tile's keys, `width` floats a row.
  @inline(__always)
  func multiply(
    _ scores: UnsafeMutablePointer<Float>, width: Int, _ x: UnsafePointer<Float>, rowStride: Int, rows: Int,
    dimension: Int, _ keys: TileKeys
  ) {
    keys.forEachRun { column, place, count in
      tileProduct(
        scores + place, ldc: width, Strided(x, rowStride: rowStride), pointer + column, ldb: stride, m: rows, n: count,
        k: dimension, accumulate: false, padded: true)
    }
  }
}
