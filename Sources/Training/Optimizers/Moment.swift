import Autograd
import Files
import Kernels

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

  /// The numbers where they are kept.
  enum Numbers {
    case float32(Storage)
    case bfloat16(BFloat16Array)
  }

  private let shape: Shape
  let numbers: Numbers

  /// Zeros.
  package init(zeros shape: Shape, as format: Format) {
    self.shape = shape
    switch format {
    case .float32:
      let storage = Storage(count: shape.count)
      fill(storage.mutableBuffer, 0)
      numbers = .float32(storage)
    case .bfloat16: numbers = .bfloat16(BFloat16Array(zeros: shape.count))
    }
  }

  /// The values of some rows: what is kept itself, or a copy where that is no float.
  package func values(rows: Range<Int>) -> Tensor {
    let (start, part) = shape.part(rows)
    return values(from: start, as: part)
  }

  /// The values of some numbers, counted row-major.
  package func values(_ range: Range<Int>) -> Tensor { values(from: range.lowerBound, as: [range.count]) }

  private func values(from start: Int, as part: Shape) -> Tensor {
    switch numbers {
    case .float32(let storage): return Tensor(storage: storage, offset: start, shape: part)
    case .bfloat16(let halves):
      var result = Tensor(uninitialized: part)
      halves.widen(start..<start + part.count, to: result.mutableBuffer)
      return result
    }
  }

  /// Sets the values of some rows to what `body` fills a buffer of that shape with, rounded to the nearest that can be kept.
  package func replace(
    rows: Range<Int>, _ body: (MutableBuffer, Shape) throws(Failure) -> Void
  ) throws(Failure) {
    let (start, part) = shape.part(rows)
    let range = start..<start + part.count
    switch numbers {
    case .float32(let storage): try body(storage.mutableBuffer[range], part)
    case .bfloat16:
      let values = Storage(count: part.count)
      try body(values.mutableBuffer, part)
      replace(range, with: values.buffer)
    }
  }

  /// Sets the values of some numbers, counted row-major.
  package func replace(_ range: Range<Int>, with values: Buffer) {
    switch numbers {
    case .float32(let storage): copy(storage.mutableBuffer[range], values)
    case .bfloat16(let halves): halves.assign(range, values)
    }
  }
}
