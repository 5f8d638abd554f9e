import Files
import Numerics

/// The plain floats that model files are made of, little-endian.
enum FloatFormat {
  case float16, bfloat16, float32, float64

  /// Reads floats that begin at `offset` and fill `values`. Narrow ones are exact, wide ones rounded to the nearest.
  func read(
    into values: UnsafeMutableBufferPointer<Float>, from file: borrowing ReadableFile, at offset: Int
  ) throws(Failure) {
    switch self {
    case .float32:
      try file.read(into: UnsafeMutableRawBufferPointer(values), at: offset)
    case .float16:
      try Self.convert(file, offset, values) { Binary16(bits: UInt16(littleEndian: $0)).value }
    case .bfloat16:
      try Self.convert(file, offset, values) { BFloat16(bits: UInt16(littleEndian: $0)).value }
    case .float64:
      try Self.convert(file, offset, values) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
    }
  }

  @inline(__always)
  private static func convert<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ file: borrowing ReadableFile, _ offset: Int, _ values: UnsafeMutableBufferPointer<Float>, _ float: (Bits) -> Float
  ) throws(Failure) {
    let size = MemoryLayout<Bits>.size
    let capacity = min(values.count, 1 << 18)
    let buffer = UnsafeMutableBufferPointer<Bits>.allocate(capacity: capacity)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: values.count, by: max(1, capacity)) {
      let count = min(capacity, values.count - start)
      let piece = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count * size)
      try file.read(into: piece, at: offset + start * size)
      for index in 0..<count { values[start + index] = float(buffer[index]) }
    }
  }
}
