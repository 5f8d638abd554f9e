import Files
import Numerics

/// How the numbers of a GGUF tensor are stored: in blocks of some numbers and some bytes.
package struct GGMLType: Sendable, Equatable {
  package let name: String
  /// The numbers of a block.
  package let blockCount: Int
  /// The bytes of a block.
  package let blockSize: Int

  private static let known: [UInt32: GGMLType] = [
    0: .init(name: "F32", blockCount: 1, blockSize: 4), 1: .init(name: "F16", blockCount: 1, blockSize: 2),
    2: .init(name: "Q4_0", blockCount: 32, blockSize: 18), 3: .init(name: "Q4_1", blockCount: 32, blockSize: 20),
    6: .init(name: "Q5_0", blockCount: 32, blockSize: 22), 7: .init(name: "Q5_1", blockCount: 32, blockSize: 24),
    8: .init(name: "Q8_0", blockCount: 32, blockSize: 34),
    10: .init(name: "Q2_K", blockCount: 256, blockSize: 84), 11: .init(name: "Q3_K", blockCount: 256, blockSize: 110),
    12: .init(name: "Q4_K", blockCount: 256, blockSize: 144), 13: .init(name: "Q5_K", blockCount: 256, blockSize: 176),
    14: .init(name: "Q6_K", blockCount: 256, blockSize: 210),
    16: .init(name: "IQ2_XXS", blockCount: 256, blockSize: 66),
    17: .init(name: "IQ2_XS", blockCount: 256, blockSize: 74),
    18: .init(name: "IQ3_XXS", blockCount: 256, blockSize: 98),
    19: .init(name: "IQ1_S", blockCount: 256, blockSize: 50),
    20: .init(name: "IQ4_NL", blockCount: 32, blockSize: 18), 21: .init(name: "IQ3_S", blockCount: 256, blockSize: 110),
    22: .init(name: "IQ2_S", blockCount: 256, blockSize: 82),
    23: .init(name: "IQ4_XS", blockCount: 256, blockSize: 136),
    24: .init(name: "I8", blockCount: 1, blockSize: 1), 25: .init(name: "I16", blockCount: 1, blockSize: 2),
    26: .init(name: "I32", blockCount: 1, blockSize: 4), 27: .init(name: "I64", blockCount: 1, blockSize: 8),
    28: .init(name: "F64", blockCount: 1, blockSize: 8), 29: .init(name: "IQ1_M", blockCount: 256, blockSize: 56),
    30: .init(name: "BF16", blockCount: 1, blockSize: 2), 34: .init(name: "TQ1_0", blockCount: 256, blockSize: 54),
    35: .init(name: "TQ2_0", blockCount: 256, blockSize: 66), 39: .init(name: "MXFP4", blockCount: 32, blockSize: 17),
  ]

  /// The type with a number in the file, nil for one that is not known.
  static func numbered(_ number: UInt32) -> GGMLType? { known[number] }

  /// Whether its numbers can be read as `Float`s.
  package var isFloat: Bool { floatFormat != nil || format != nil }

  /// The same as a format of weights; nil for one that is not read.
  package var format: WeightFormat? { WeightFormat(rawValue: name) }

  /// How its numbers become `Float`s, nil when they are quantised or no floats.
  var floatFormat: FloatFormat? {
    switch name {
    case "F32": .float32
    case "F16": .float16
    case "BF16": .bfloat16
    case "F64": .float64
    default: nil
    }
  }
}

/// A value in the metadata of a GGUF file.
package enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  /// An unsigned integer that `Int` cannot hold.
  case unsigned(UInt64)
  case float(Double)
  case bool(Bool)
  case string(String)
  case integers([Int])
  case floats([Double])
  case bools([Bool])
  case strings([String])

  package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  package var float: Double? { if case .float(let value) = self { value } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var integers: [Int]? { if case .integers(let value) = self { value } else { nil } }
  package var floats: [Double]? { if case .floats(let value) = self { value } else { nil } }
  package var strings: [String]? { if case .strings(let value) = self { value } else { nil } }
}

/// A tensor in a GGUF file.
package struct GGUFTensor: Sendable, Equatable {
  package let name: String
  package let type: GGMLType
  /// The lengths of its axes, outermost first: the reverse of the file's order.
  package let shape: [Int]
  /// Its bytes, counted from the beginning of the file.
  package let range: Range<Int>

  package var count: Int { shape.reduce(1, *) }
}

/// A GGUF file open for reading: metadata, names and shapes at once, each tensor on demand.
///
/// Every count in the file is compared with the bytes that remain before anything is allocated for it
/// (github.com/ggml-org/ggml, docs/gguf.md).
package final class GGUFFile {
  package let path: String
  package let version: Int
  /// Keys and values in the file's order.
  package let metadata: [(key: String, value: GGUFValue)]
  package let tensors: [GGUFTensor]
  private let values: [String: GGUFValue]
  private let file: ReadableFile
  private let area: Failure.Area

  /// Opens the file at `path` and checks its header; failures are of `area`.
  package init(_ path: String, area: Failure.Area = .model) throws(Failure) {
    let file = try ReadableFile(path, area: area)
    let header = try GGUFHeader(of: file, area: area)
    self.path = path
    self.area = area
    self.file = file
    version = header.version
    metadata = header.metadata
    values = header.values
    tensors = header.tensors
  }

  /// The metadata under a key.
  package subscript(key: String) -> GGUFValue? { values[key] }

  /// Reads a tensor of plain floats or of quantised ones into `values`, which has room for exactly its elements.
  package func read(_ tensor: GGUFTensor, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    precondition(values.count == tensor.count, "\(values.count) values for \(tensor.name), \(tensor.shape)")
    if let format = tensor.type.floatFormat {
      try format.read(into: values, from: file, at: tensor.range.lowerBound)
    } else if let format = tensor.type.format {
      try read(tensor, as: format, into: values)
    } else {
      throw Failure(
        area, "tensor \(tensor.name) is of a type that is not read", at: path,
        notes: ["expected plain floats or a common quantisation (Q8_0, Q4_K, ...), found \(tensor.type.name)"])
    }
  }

  /// Reads some rows of a matrix as they are stored into `bytes`, which has room for exactly them.
  package func read(
    _ tensor: GGUFTensor, rows: Range<Int>, blocks bytes: UnsafeMutableRawBufferPointer
  ) throws(Failure) {
    let size = tensor.shape[1] / tensor.type.blockCount * tensor.type.blockSize
    precondition(
      tensor.shape.count == 2 && tensor.shape[1].isMultiple(of: tensor.type.blockCount)
        && rows.upperBound <= tensor.shape[0] && bytes.count == rows.count * size,
      "\(bytes.count) bytes for rows \(rows) of \(tensor.name), \(tensor.shape)")
    try file.read(into: bytes, at: tensor.range.lowerBound + rows.lowerBound * size)
  }

  /// A whole tensor.
  package func read(_ tensor: GGUFTensor) throws(Failure) -> [Float] {
    var failure: Failure?
    let values = [Float](unsafeUninitializedCapacity: tensor.count) { buffer, initialized in
      do throws(Failure) {
        try read(tensor, into: UnsafeMutableBufferPointer(rebasing: buffer[..<tensor.count]))
        initialized = tensor.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }

  private func read(
    _ tensor: GGUFTensor, as format: WeightFormat, into values: UnsafeMutableBufferPointer<Float>
  ) throws(Failure) {
    let (count, size) = (format.blockCount, format.blockSize)
    let blocksAtOnce = 1 << 14
    for start in stride(from: 0, to: values.count / count, by: blocksAtOnce) {
      let number = min(blocksAtOnce, values.count / count - start)
      let bytes = try file.read(number * size, at: tensor.range.lowerBound + start * size)
      bytes.withUnsafeBufferPointer { bytes in
        format.decode(bytes.baseAddress!, blocks: number, into: values.baseAddress! + start * count)
      }
    }
  }
}
