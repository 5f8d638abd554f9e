import Files
import Numerics

/// How a tensor is written into a GGUF file.
package enum GGUFEncoding: String, Sendable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case q80 = "Q8_0"

  var typeNumber: UInt32 {
    switch self {
    case .float32: 0
    case .float16: 1
    case .bfloat16: 30
    case .q80: 8
    }
  }

  /// Whether rows of a length can be written in this encoding.
  package func fits(rowLength: Int) -> Bool { format.fits(rowLength) }

  func size(ofCount count: Int) -> Int { format.size(of: count) }

  /// The same as a format of weights.
  var format: WeightFormat {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .q80: .q80
    }
  }
}

extension GGUFFile {
  /// Writes a GGUF file of version 3, durably and whole. Integers are written as uint32, floats as float32, lists of
  /// integers as int32. The encoding of each array fits its rows.
  package static func write(
    metadata: [(key: String, value: GGUFValue)], _ arrays: [(array: NamedArray, encoding: GGUFEncoding)],
    to path: String
  ) throws(Failure) {
    let alignment = 32
    var header = GGUFBytes()
    header.bytes += Array("GGUF".utf8)
    header.append(UInt32(3))
    header.append(UInt64(arrays.count))
    header.append(UInt64(metadata.count))
    for (key, value) in metadata { header.append(key, value) }
    var offset = 0
    for (array, encoding) in arrays {
      try StopRequest.check()
      precondition(array.element == .float32 && encoding.fits(rowLength: array.shape.last!), "\(array.name)")
      header.append(array.name)
      header.append(UInt32(array.shape.count))
      for length in array.shape.reversed() { header.append(UInt64(length)) }
      header.append(encoding.typeNumber)
      header.append(UInt64(offset))
      offset = (offset + encoding.size(ofCount: array.shape.reduce(1, *)) + alignment - 1) / alignment * alignment
    }
    var file = try DurableFile(at: path)
    try file.write(header.bytes)
    var position = header.bytes.count
    for (array, encoding) in arrays {
      let padding = (alignment - position % alignment) % alignment
      try file.write([UInt8](repeating: 0, count: padding))
      position += padding + encoding.size(ofCount: array.shape.reduce(1, *))
      try write(array, as: encoding, to: &file)
    }
    try file.write([UInt8](repeating: 0, count: (alignment - position % alignment) % alignment))
    try file.commit()
  }

  private static func write(
    _ array: NamedArray, as encoding: GGUFEncoding, to file: inout DurableFile
  ) throws(Failure) {
    try array.withBytes { (bytes) throws(Failure) in
      guard encoding != .float32 else { return try file.write(bytes) }
      try file.write(bytes.bindMemory(to: Float.self), as: encoding.format)
    }
  }
}

extension DurableFile {
  /// Writes floats as blocks, some at a time.
  mutating func write(_ values: UnsafeBufferPointer<Float>, as format: WeightFormat) throws(Failure) {
    for start in stride(from: 0, to: values.count, by: 1 << 18) {
      let count = min(values.count - start, 1 << 18)
      let size = format.size(of: count)
      let bytes = [UInt8](unsafeUninitializedCapacity: size) { bytes, initialized in
        format.encode(
          values.baseAddress! + start, blocks: count / format.blockCount, into: bytes.baseAddress!)
        initialized = size
      }
      try write(bytes)
    }
  }
}

/// The header of a GGUF file as it grows.
private struct GGUFBytes {
  var bytes: [UInt8] = []

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func append(_ key: String, _ value: GGUFValue) {
    append(key)
    switch value {
    case .integer(let value):
      append(type: .uint32)
      append(UInt32(value))
    case .unsigned(let value):
      append(type: .uint64)
      append(value)
    case .float(let value):
      append(type: .float32)
      append(Float(value).bitPattern)
    case .bool(let value):
      append(type: .bool)
      append(UInt8(value ? 1 : 0))
    case .string(let value):
      append(type: .string)
      append(value)
    case .integers(let values): append(values, type: .int32) { $0.append(Int32($1)) }
    case .floats(let values): append(values, type: .float32) { $0.append(Float($1).bitPattern) }
    case .bools(let values): append(values, type: .bool) { $0.append(UInt8($1 ? 1 : 0)) }
    case .strings(let values): append(values, type: .string) { $0.append($1) }
    }
  }

  private mutating func append(type: GGUFValueType) { append(type.rawValue) }

  private mutating func append<T>(_ values: [T], type: GGUFValueType, _ element: (inout GGUFBytes, T) -> Void) {
    append(type: .array)
    append(type: type)
    append(UInt64(values.count))
    for value in values { element(&self, value) }
  }
}
