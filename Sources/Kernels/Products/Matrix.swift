/// A matrix for a kernel to read: [rows, columns] as the kernel sees it. Rows lie `stride` floats apart; of a transposed
/// matrix columns do, so that a transposition costs nothing.
package struct Matrix {
  package let buffer: Buffer
  package let rows: Int
  package let columns: Int
  package let stride: Int
  package let isTransposed: Bool

  /// The matrix whose rows begin at the start of `buffer`, by default without gaps between them.
  package init(_ buffer: Buffer, rows: Int, columns: Int, stride: Int? = nil) {
    self.init(buffer, rows: rows, columns: columns, stride: stride ?? columns, isTransposed: false)
  }

  private init(_ buffer: Buffer, rows: Int, columns: Int, stride: Int, isTransposed: Bool) {
    (self.buffer, self.rows, self.columns) = (buffer, rows, columns)
    (self.stride, self.isTransposed) = (stride, isTransposed)
  }

  /// The same elements with rows and columns exchanged.
  package var transposed: Matrix {
    Matrix(buffer, rows: columns, columns: rows, stride: stride, isTransposed: !isTransposed)
  }

  /// Some of the columns of a matrix that is not transposed.
  package func columns(_ range: Range<Int>) -> Matrix {
    precondition(!isTransposed && range.upperBound <= columns, "no columns \(range) in [\(rows), \(columns)]")
    let end = max(range.lowerBound, (rows - 1) * stride + range.upperBound)
    return Matrix(buffer[range.lowerBound..<end], rows: rows, columns: range.count, stride: stride)
  }

  var raw: RawMatrix {
    RawMatrix(buffer.pointer, rows: rows, columns: columns, stride: stride, isTransposed: isTransposed)
  }
}

/// A matrix for a kernel to write, [rows, columns]; rows lie `stride` floats apart.
package struct MutableMatrix {
  package let buffer: MutableBuffer
  package let rows: Int
  package let columns: Int
  package let stride: Int

  /// The matrix whose rows begin at the start of `buffer`, by default without gaps between them.
  package init(_ buffer: MutableBuffer, rows: Int, columns: Int, stride: Int? = nil) {
    (self.buffer, self.rows, self.columns, self.stride) = (buffer, rows, columns, stride ?? columns)
  }

  /// Some of the columns.
  package func columns(_ range: Range<Int>) -> MutableMatrix {
    precondition(range.upperBound <= columns, "no columns \(range) in [\(rows), \(columns)]")
    let end = max(range.lowerBound, (rows - 1) * stride + range.upperBound)
    return MutableMatrix(buffer[range.lowerBound..<end], rows: rows, columns: range.count, stride: stride)
  }

  var raw: RawMutableMatrix {
    RawMutableMatrix(buffer.pointer, rows: rows, columns: columns, stride: stride)
  }
}

/// A `Matrix` inside a kernel, which keeps nothing alive: threads that pass it on count no references.
struct RawMatrix {
  let pointer: UnsafePointer<Float>
  let rows: Int
  let columns: Int
  let stride: Int
  let isTransposed: Bool

  @inline(__always)
  init(_ pointer: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, isTransposed: Bool = false) {
    (self.pointer, self.rows, self.columns) = (pointer, rows, columns)
    (self.stride, self.isTransposed) = (stride, isTransposed)
  }

  /// Floats from an element to the one below it.
  var rowStride: Int { @inline(__always) get { isTransposed ? 1 : stride } }
  /// Floats from an element to the next of its row.
  var columnStride: Int { @inline(__always) get { isTransposed ? stride : 1 } }

  var transposed: RawMatrix {
    @inline(__always) get {
      RawMatrix(pointer, rows: columns, columns: rows, stride: stride, isTransposed: !isTransposed)
    }
  }

  /// The address of an element.
  @inline(__always)
  func at(_ row: Int, _ column: Int) -> UnsafePointer<Float> {
    pointer + (isTransposed ? column * stride + row : row * stride + column)
  }

  /// Some of the rows.
  @inline(__always)
  func rows(_ range: Range<Int>) -> RawMatrix {
    RawMatrix(
      at(range.lowerBound, 0), rows: range.count, columns: columns, stride: stride, isTransposed: isTransposed)
  }

  /// Some of the columns.
  @inline(__always)
  func columns(_ range: Range<Int>) -> RawMatrix {
    RawMatrix(
      at(0, range.lowerBound), rows: rows, columns: range.count, stride: stride, isTransposed: isTransposed)
  }
}

/// A `MutableMatrix` inside a kernel.
struct RawMutableMatrix {
  let pointer: UnsafeMutablePointer<Float>
  let rows: Int
  let columns: Int
  let stride: Int

  @inline(__always)
  init(_ pointer: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int) {
    (self.pointer, self.rows, self.columns, self.stride) = (pointer, rows, columns, stride)
  }

  /// A part of something that is being written.
  @inline(__always)
  init(mutating matrix: RawMatrix) {
    self.init(
      UnsafeMutablePointer(mutating: matrix.pointer), rows: matrix.rows, columns: matrix.columns, stride: matrix.stride)
  }

  @inline(__always)
  func at(_ row: Int, _ column: Int) -> UnsafeMutablePointer<Float> { pointer + row * stride + column }

  /// Some of the rows.
  @inline(__always)
  func rows(_ range: Range<Int>) -> RawMutableMatrix {
    RawMutableMatrix(at(range.lowerBound, 0), rows: range.count, columns: columns, stride: stride)
  }

  /// Some of the columns.
  @inline(__always)
  func columns(_ range: Range<Int>) -> RawMutableMatrix {
    RawMutableMatrix(at(0, range.lowerBound), rows: rows, columns: range.count, stride: stride)
  }

  /// The same elements, to be read.
  var readOnly: RawMatrix {
    @inline(__always) get { RawMatrix(pointer, rows: rows, columns: columns, stride: stride) }
  }
}
