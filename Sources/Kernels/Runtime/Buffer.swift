/// Floats that lie side by side, for a kernel to read. A buffer keeps its storage alive.
///
/// Raw pointers do not leave this module: a kernel takes those of its buffers when it starts, and its caller holds the
/// buffers until it returns.
package struct Buffer {
  private let storage: Storage
  private let offset: Int
  package let count: Int

  /// `count` floats of `storage` from `offset` on, by default all that follow.
  package init(_ storage: Storage, offset: Int = 0, count: Int? = nil) {
    let count = count ?? storage.count - offset
    require(offset >= 0 && count >= 0 && offset + count <= storage.count, "a buffer reaches beyond its storage")
    (self.storage, self.offset, self.count) = (storage, offset, count)
  }

  var pointer: UnsafePointer<Float> { UnsafePointer(storage.pointer + offset) }

  /// The floats in `range`, counted from the first.
  package subscript(range: Range<Int>) -> Buffer {
    require(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of a buffer of \(count)")
    return Buffer(storage, offset: offset + range.lowerBound, count: range.count)
  }

  package subscript(index: Int) -> Float { pointer[index] }

  /// A copy of the floats.
  package var elements: [Float] { withUnsafeBufferPointer { Array($0) } }

  /// Lends the floats to `body`, as for writing them to a file.
  package func withUnsafeBufferPointer<Result, Problem: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Problem) -> Result
  ) throws(Problem) -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: pointer, count: count))
  }
}

/// Floats that lie side by side, for a kernel to write.
package struct MutableBuffer {
  /// The same floats, to be read.
  package let readOnly: Buffer
  package var count: Int { readOnly.count }

  /// `count` floats of `storage` from `offset` on, by default all that follow.
  package init(_ storage: Storage, offset: Int = 0, count: Int? = nil) {
    readOnly = Buffer(storage, offset: offset, count: count)
  }

  private init(_ readOnly: Buffer) { self.readOnly = readOnly }

  var pointer: UnsafeMutablePointer<Float> { UnsafeMutablePointer(mutating: readOnly.pointer) }

  /// The floats in `range`, counted from the first.
  package subscript(range: Range<Int>) -> MutableBuffer { MutableBuffer(readOnly[range]) }

  /// Takes over `elements`, of which there are as many.
  package func assign(_ elements: [Float]) {
    require(elements.count == count, "\(elements.count) elements for a buffer of \(count)")
    pointer.update(from: elements, count: count)
  }

  /// Lends the floats to `body`, as for reading them from a file.
  package func withUnsafeMutableBufferPointer<Result, Problem: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Problem) -> Result
  ) throws(Problem) -> Result {
    defer { withExtendedLifetime(readOnly) {} }
    return try body(UnsafeMutableBufferPointer(start: pointer, count: count))
  }
}
