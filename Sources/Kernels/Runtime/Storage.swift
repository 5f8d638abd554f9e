/// An allocation of floats from the pool, given back when nobody holds it any more.
package final class Storage {
  let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// An allocation with undefined contents.
  package init(count: Int) {
    self.count = count
    pointer = Memory.allocate(count)
  }

  deinit { Memory.release(pointer, count: count) }

  /// All of it, to be read.
  package var buffer: Buffer { Buffer(self) }

  /// All of it, to be written. What else reads the storage meanwhile is the caller's affair.
  package var mutableBuffer: MutableBuffer { MutableBuffer(self) }
}
