import Kernels
import Support

extension Storage {
  /// Storage with the given floats in it.
  convenience init(_ elements: [Float]) {
    self.init(count: elements.count)
    mutableBuffer.assign(elements)
  }

  convenience init(repeating value: Float, count: Int) { self.init([Float](repeating: value, count: count)) }

  var elements: [Float] { buffer.elements }
}

extension Buffer {
  init(_ elements: [Float]) { self.init(Storage(elements)) }
}

extension BFloat16Array {
  /// The given numbers, each rounded to the nearest that can be kept.
  init(_ elements: [Float]) {
    self.init(zeros: elements.count)
    assign(0..<count, Buffer(elements))
  }

  var elements: [Float] {
    let wide = Storage(count: count)
    widen(0..<count, to: wide.mutableBuffer)
    return wide.elements
  }
}

extension Matrix {
  /// The matrix [rows, columns] that lies in `elements`, or whose transpose does, with `gap` floats behind each row there.
  init(_ elements: [Float], rows: Int, columns: Int, isTransposed: Bool = false, gap: Int = 0) {
    let (height, width) = isTransposed ? (columns, rows) : (rows, columns)
    let stored = Matrix(Buffer(elements), rows: height, columns: width, stride: width + gap)
    self = isTransposed ? stored.transposed : stored
  }
}

extension ReferenceArray {
  /// The values rounded to the nearest float, for a kernel to read.
  var buffer: Buffer { Buffer(floats) }

  /// The same as a matrix: all axes but the last are its rows.
  var matrix: Matrix { Matrix(buffer, rows: rows, columns: columns) }
}
