import Numerics

/// Numbers that are kept as bfloat16, two in the place of a float.
package struct BFloat16Array {
  private let storage: Storage
  package let count: Int

  /// Zeros.
  package init(zeros count: Int) {
    storage = Storage(count: (count + 1) / 2)
    self.count = count
    fill(storage.mutableBuffer, 0)
  }

  var pointer: UnsafeMutablePointer<BFloat16> {
    UnsafeMutableRawPointer(storage.pointer).assumingMemoryBound(to: BFloat16.self)
  }

  /// out = the numbers in `range`.
  package func widen(_ range: Range<Int>, to out: MutableBuffer) {
    let (source, out) = (pointer + range.lowerBound, out.pointer)
    Parallel.forRanges(range.count, grain: 32768) { range in
      for i in range { out[i] = source[i].value }
    }
  }

  /// The numbers in `range` become x, rounded to the nearest.
  package func assign(_ range: Range<Int>, _ x: Buffer) {
    let (target, x) = (pointer + range.lowerBound, x.pointer)
    Parallel.forRanges(range.count, grain: 32768) { range in
      for i in range { target[i] = BFloat16(nearest: x[i]) }
    }
  }
}
