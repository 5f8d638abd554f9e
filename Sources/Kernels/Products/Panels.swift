// The order in which a product reads what it copies. A panel of B has 48 columns, [k, 48]; a panel of a transposed A has eight,
// [k, 8]; rows of A that are copied lie `Panels.rowStride` floats apart: so whole pieces are copied as they are stored, and only a
// transposed B has to be transposed on the way.

/// The measures of panels.
enum Panels {
  /// Rows of a panel of A.
  static var height: Int { @inline(__always) get { 8 } }
  /// Columns of a panel of B.
  static var width: Int { @inline(__always) get { 48 } }
  /// Columns of the tiles at the end of a row that have no more.
  static var narrowWidth: Int { @inline(__always) get { 32 } }
  /// The largest K of a panel: a few dozen panels of A and one of B fit in the second level of the cache.
  static var depth: Int { @inline(__always) get { 384 } }
  /// Floats from a row of a panel of A to the next. Not a multiple of a page: rows would compete for the same sets of the cache.
  static var rowStride: Int { @inline(__always) get { depth + 8 } }
  /// Floats that a panel of A takes.
  static var size: Int { @inline(__always) get { height * rowStride } }

  /// Copies `rows` rows of `k` numbers.
  static func packRows(
    _ out: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, stride: Int, rows: Int, k: Int
  ) {
    for row in 0..<rows { (out + row * rowStride).update(from: a + row * stride, count: k) }
  }

  /// Copies `columns` columns of `k` rows into panels of eight.
  static func packColumns(
    _ out: UnsafeMutablePointer<Float>, _ a: UnsafePointer<Float>, stride: Int, columns: Int, k: Int
  ) {
    for i in 0..<k {
      let a = a + i * stride
      var out = out + i * height
      for column in Swift.stride(from: 0, to: columns, by: height) {
        if column + height <= columns {
          let eight = UnsafeRawPointer(a + column).loadUnaligned(as: SIMD8<Float>.self)
          UnsafeMutableRawPointer(out).storeBytes(of: eight, as: SIMD8<Float>.self)
        } else {
          for j in 0..<columns - column { out[j] = a[column + j] }
        }
        out += size
      }
    }
  }

  /// Copies `rows` of the k rows of B, stored [k, columns], into panels of 48; the last is filled up with zeros.
  static func packB(
    _ out: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, stride: Int, columns: Int, k: Int, rows: Range<Int>
  ) {
    let whole = columns / width * width
    for i in rows {
      let b = b + i * stride
      var out = out + i * width
      for column in Swift.stride(from: 0, to: whole, by: width) {
        store(load(b, column), out)
        store(load(b, column + 16), out + 16)
        store(load(b, column + 32), out + 32)
        out += width * k
      }
      guard whole < columns else { continue }
      for j in 0..<width { out[j] = whole + j < columns ? b[whole + j] : 0 }
    }
  }

  /// The same for a B that is stored [columns, k].
  static func packTransposedB(
    _ out: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, stride: Int, columns: Int, k: Int
  ) {
    for first in Swift.stride(from: 0, to: columns, by: width) {
      let out = out + first * k
      let count = min(width, columns - first)
      transpose(
        RawMutableMatrix(out, rows: k, columns: count, stride: width),
        RawMatrix(b + first * stride, rows: count, columns: k, stride: stride))
      guard count < width else { continue }
      for i in 0..<k { for j in count..<width { out[i * width + j] = 0 } }
    }
  }
}
