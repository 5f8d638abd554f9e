import Files

/// What the numbers of a safetensors file can be.
package enum SafetensorsType: String, Sendable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case float8E5M2 = "F8_E5M2"
  case float8E4M3 = "F8_E4M3"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case int64 = "I64"
  case uint64 = "U64"
  case float64 = "F64"

  package var size: Int {
    switch self {
    case .bool, .uint8, .int8, .float8E5M2, .float8E4M3: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }
}

extension SafetensorsType {
  /// Whether its numbers can be read as `Float`s.
  package var isFloat: Bool { floatFormat != nil }

  /// How its numbers become `Float`s, nil for those that are none.
  var floatFormat: FloatFormat? {
    switch self {
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float32: .float32
    case .float64: .float64
    default: nil
    }
  }
}

/// A tensor in a safetensors file.
package struct SafetensorsEntry: Sendable, Equatable {
  package let name: String
  package let type: SafetensorsType
  package let shape: [Int]
  /// Its bytes, counted from the beginning of the file.
  package let range: Range<Int>

  package var count: Int { range.count / type.size }
}

/// A safetensors file open for reading: names and shapes at once, each tensor on demand.
///
/// The layout is eight bytes of header length, a JSON header, and the tensors' bytes without gap or overlap; whatever
/// deviates is refused before anything is allocated for it (github.com/huggingface/safetensors, README).
package final class SafetensorsFile {
  package static let headerLimit = 100_000_000

  package let path: String
  /// The tensors in the order of their bytes.
  package let entries: [SafetensorsEntry]
  /// The text under `__metadata__`.
  package let metadata: [String: String]
  private let file: ReadableFile
  private let area: Failure.Area

  /// Opens the file at `path` and checks its header; failures are of `area`.
  package init(_ path: String, area: Failure.Area = .model) throws(Failure) {
    let file = try ReadableFile(path, area: area)
    let header = try SafetensorsHeader(of: file, area: area)
    self.path = path
    self.area = area
    self.file = file
    entries = header.entries
    metadata = header.metadata
  }

  /// Reads a tensor of floats of any width into `values`, which has room for exactly its elements. Narrow floats are
  /// exact; F64 is rounded to the nearest.
  package func read(_ entry: SafetensorsEntry, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    precondition(values.count == entry.count, "\(values.count) values for \(entry.name), \(entry.shape)")
    guard let format = entry.type.floatFormat else {
      throw Failure(
        area, "tensor \(entry.name) is not made of floats", at: path,
        notes: ["expected F32, F16, BF16 or F64, found \(entry.type.rawValue)"])
    }
    try format.read(into: values, from: file, at: entry.range.lowerBound)
  }

  /// Reads some rows of a matrix as they are stored into `bytes`, which has room for exactly them.
  package func read(
    _ entry: SafetensorsEntry, rows: Range<Int>, into bytes: UnsafeMutableRawBufferPointer
  ) throws(Failure) {
    precondition(entry.shape.count == 2, "\(entry.name) is no matrix: \(entry.shape)")
    let size = entry.shape[1] * entry.type.size
    precondition(
      rows.upperBound <= entry.shape[0] && bytes.count == rows.count * size,
      "\(bytes.count) bytes for rows \(rows) of \(entry.name), \(entry.shape)")
    try file.read(into: bytes, at: entry.range.lowerBound + rows.lowerBound * size)
  }

  /// Whether a tensor has the type, the shape and the bits of one of another file.
  package func holds(
    _ entry: SafetensorsEntry, sameAs other: SafetensorsEntry, of file: SafetensorsFile
  ) throws(Failure) -> Bool {
    guard entry.type == other.type, entry.shape == other.shape else { return false }
    let part = 1 << 22
    for start in stride(from: 0, to: entry.range.count, by: part) {
      let count = min(part, entry.range.count - start)
      let bytes = try self.file.read(count, at: entry.range.lowerBound + start)
      if try bytes != file.file.read(count, at: other.range.lowerBound + start) { return false }
    }
    return true
  }

  /// A whole tensor of floats.
  package func read(_ entry: SafetensorsEntry) throws(Failure) -> [Float] {
    var failure: Failure?
    let values = [Float](unsafeUninitializedCapacity: entry.count) { buffer, initialized in
      do throws(Failure) {
        try read(entry, into: UnsafeMutableBufferPointer(rebasing: buffer[..<entry.count]))
        initialized = entry.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }
}

/// The header of a safetensors file, checked.
private struct SafetensorsHeader {
  private(set) var entries: [SafetensorsEntry] = []
  private(set) var metadata: [String: String] = [:]
  private let path: String
  private let area: Failure.Area

  init(of file: borrowing ReadableFile, area: Failure.Area) throws(Failure) {
    path = file.path
    self.area = area
    guard file.count >= 8 else {
      throw failure("the file is too short to be a safetensors file", "it has \(file.count) bytes")
    }
    let length = try file.read(8, at: 0).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafetensorsFile.headerLimit) else {
      throw failure(
        "the safetensors header is too large", "at most \(SafetensorsFile.headerLimit) bytes, found \(length)")
    }
    guard length <= UInt64(file.count - 8) else {
      throw failure("the safetensors header is cut off", "expected \(length) bytes, found \(file.count - 8)")
    }
    let header = try JSONValue.parse(try file.read(Int(length), at: 8), source: path, area: area)
    guard let members = header.object else { throw failure("the safetensors header is \(header.kind), not an object") }
    let start = 8 + Int(length)
    for member in members {
      if member.key == "__metadata__" {
        try readMetadata(member.value)
      } else {
        entries.append(try entry(member, dataStart: start, dataSize: file.count - start))
      }
    }
    try checkCoverage(from: start, to: file.count)
  }

  private mutating func readMetadata(_ value: JSONValue) throws(Failure) {
    guard let members = value.object else { throw failure("__metadata__ is \(value.kind), not an object") }
    for member in members {
      guard let text = member.value.string else {
        throw failure("__metadata__: \(member.key) is \(member.value.kind), not a string")
      }
      metadata[member.key] = text
    }
  }

  private func entry(_ member: JSONMember, dataStart: Int, dataSize: Int) throws(Failure) -> SafetensorsEntry {
    let name = member.key
    let value = member.value
    guard let text = value["dtype"]?.string, let type = SafetensorsType(rawValue: text) else {
      throw failure("tensor \(name) has an unknown dtype", "found \(value["dtype"]?.serialized() ?? "none")")
    }
    guard let shape = lengths(value["shape"]) else {
      throw failure("tensor \(name) has an impossible shape", "found \(value["shape"]?.serialized() ?? "none")")
    }
    guard let offsets = lengths(value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1],
      offsets[1] <= dataSize
    else {
      throw failure(
        "tensor \(name) lies outside the file",
        "its offsets are \(value["data_offsets"]?.serialized() ?? "missing"), the file has \(dataSize) bytes of tensors"
      )
    }
    var size = type.size
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      if overflow { throw failure("tensor \(name) has an impossible shape", "\(shape) is too large to count") }
      size = product
    }
    guard size == offsets[1] - offsets[0] else {
      throw failure(
        "tensor \(name) has a shape that does not fit its bytes",
        "\(shape) of \(type.rawValue) takes \(size) bytes, its offsets hold \(offsets[1] - offsets[0])")
    }
    return SafetensorsEntry(
      name: name, type: type, shape: shape, range: (dataStart + offsets[0])..<(dataStart + offsets[1]))
  }

  /// A list of integers from 0 on.
  private func lengths(_ value: JSONValue?) -> [Int]? {
    guard let elements = value?.array else { return nil }
    let lengths = elements.compactMap(\.integer)
    return lengths.count == elements.count && lengths.allSatisfy { $0 >= 0 } ? lengths : nil
  }

  /// Orders the tensors by their bytes, which follow one another and fill the file.
  private mutating func checkCoverage(from start: Int, to end: Int) throws(Failure) {
    entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    var position = start
    for entry in entries {
      guard entry.range.lowerBound == position else {
        throw failure(
          "tensor \(entry.name) does not begin where the one before it ends",
          "expected byte \(position), found \(entry.range.lowerBound)")
      }
      position = entry.range.upperBound
    }
    guard position == end else {
      throw failure("the file holds bytes that belong to no tensor", "the tensors end at byte \(position) of \(end)")
    }
  }

  private func failure(_ what: String, _ note: String? = nil) -> Failure {
    Failure(area, what, at: path, notes: note.map { [$0] } ?? [])
  }
}
