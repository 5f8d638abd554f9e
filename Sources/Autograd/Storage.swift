import Kernels

/// A buffer of floats from the pool, given back when nobody holds it any more.
package final class Storage {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// A buffer with undefined contents.
  package init(count: Int) {
    self.count = count
    pointer = Memory.allocate(count)
  }

  deinit { Memory.release(pointer, count: count) }
}
