import Autograd
import Files
import Kernels
import Numerics

/// What an optimizer keeps for each number of a parameter from step to step.
package struct Moment {
  /// How the numbers are kept.
  package enum Format: String, Sendable, CaseIterable {
    case float32
    /// Half the memory and eight bits of precision (Kalamkar et al. 2019).
    case bfloat16

    /// Bytes of a number.
    package var size: Int { self == .float32 ? 4 : 2 }
  }

  private let shape: Shape
  private let storage: Storage
  private let format: Format

  /// Zeros.
  package init(zeros shape: Shape, as format: Format) {
    self.shape = shape
    self.format = format
    let floats = (shape.count * format.size + 3) / 4
    storage = Storage(count: floats)
    fill(storage.pointer, 0, floats)
  }

  /// The numbers of a moment that is kept as 32-bit floats.
  var floats: UnsafeMutablePointer<Float> { storage.pointer }

  /// The numbers of a moment that is kept as bfloat16.
  var halves: UnsafeMutablePointer<BFloat16> {
    UnsafeMutableRawPointer(storage.pointer).bindMemory(to: BFloat16.self, capacity: shape.count)
  }

  /// The values of some rows: what is kept itself, or a copy where that is no float.
  package func values(rows: Range<Int>) -> Tensor {
    let (start, part) = shape.part(rows)
    if format == .float32 { return Tensor(storage: storage, offset: start, shape: part) }
    let result = Tensor(uninitialized: part)
    for i in 0..<part.count { result.pointer[i] = halves[start + i].value }
    return result
  }

  /// Sets the values of some rows to what `body` fills a tensor with, rounded to the nearest that can be kept.
  package func replace(rows: Range<Int>, _ body: (Tensor) throws(Failure) -> Void) throws(Failure) {
    let values = values(rows: rows)
    try body(values)
    guard format == .bfloat16 else { return }
    let (start, part) = shape.part(rows)
    for i in 0..<part.count { halves[start + i] = BFloat16(nearest: values.pointer[i]) }
  }
}
