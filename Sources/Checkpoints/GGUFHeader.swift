import Files

/// Everything before the tensors' bytes, checked in the order in which it is read.
struct GGUFHeader {
  private static let alignmentLimit = 1 << 20
  private static let keyLimit = 65_535
  private static let nameLimit = 63
  private static let axisLimit = 4

  private(set) var version = 0
  private(set) var metadata: [(key: String, value: GGUFValue)] = []
  private(set) var values: [String: GGUFValue] = [:]
  private(set) var tensors: [GGUFTensor] = []

  init(of file: borrowing ReadableFile, area: Failure.Area) throws(Failure) {
    var cursor = GGUFCursor(path: file.path, count: file.count, area: area)
    guard try cursor.bytes(4, file) == Array("GGUF".utf8) else { throw cursor.failure("not a GGUF file") }
    version = try Self.version(&cursor, file)
    let tensorCount = try cursor.count(file, "tensors", size: 24)
    let valueCount = try cursor.count(file, "metadata entries", size: 13)
    for _ in 0..<valueCount {
      let key = try cursor.string(file, "a key", limit: Self.keyLimit)
      if key.isEmpty { throw cursor.failure("an empty key in the metadata") }
      if values[key] != nil { throw cursor.failure("duplicate key \(key) in the metadata") }
      let type = try cursor.valueType(file, "key \(key)")
      let value = try cursor.value(of: type, file, key)
      if key == "general.alignment", type != .uint32 { throw cursor.failure("general.alignment is not a uint32") }
      values[key] = value
      metadata.append((key, value))
    }
    let alignment = values["general.alignment"]?.integer ?? 32
    guard alignment > 0, alignment & (alignment - 1) == 0, alignment <= Self.alignmentLimit else {
      throw cursor.failure(
        "an impossible alignment", "expected a power of two up to \(Self.alignmentLimit), found \(alignment)")
    }
    try readTensors(tensorCount, alignment: alignment, &cursor, file)
  }

  private static func version(_ cursor: inout GGUFCursor, _ file: borrowing ReadableFile) throws(Failure) -> Int {
    let version: UInt32 = try cursor.integer(file)
    if version == 2 || version == 3 { return Int(version) }
    if version != 0, version & 0xFFFF == 0 { throw cursor.failure("a big-endian GGUF file, which is not read") }
    throw cursor.failure("an unknown GGUF version", "expected 2 or 3, found \(version)")
  }

  private mutating func readTensors(
    _ count: Int, alignment: Int, _ cursor: inout GGUFCursor, _ file: borrowing ReadableFile
  ) throws(Failure) {
    var names = Set<String>()
    var infos: [(name: String, type: GGMLType, shape: [Int], size: Int, offset: UInt64)] = []
    for _ in 0..<count {
      let name = try cursor.string(file, "a tensor's name", limit: Self.nameLimit)
      if !names.insert(name).inserted { throw cursor.failure("duplicate tensor \(name)") }
      let axes: UInt32 = try cursor.integer(file)
      guard axes <= Self.axisLimit else {
        throw cursor.failure("tensor \(name) has too many axes", "at most \(Self.axisLimit) expected, found \(axes)")
      }
      var shape: [Int] = []
      for _ in 0..<axes {
        let length: UInt64 = try cursor.integer(file)
        guard let length = Int(exactly: length) else {
          throw cursor.failure("tensor \(name) has an impossible shape", "an axis of length \(length)")
        }
        shape.insert(length, at: 0)
      }
      let number: UInt32 = try cursor.integer(file)
      guard let type = GGMLType.numbered(number) else {
        throw cursor.failure("tensor \(name) has an unknown type", "found number \(number)")
      }
      let size = try Self.size(of: shape, type, name, cursor)
      infos.append((name, type, shape, size, try cursor.integer(file)))
    }
    if count == 0 { return }
    var position = try Self.aligned(cursor.position, alignment, cursor)
    let start = position
    for info in infos {
      guard info.offset == UInt64(position - start) else {
        throw cursor.failure(
          "tensor \(info.name) does not begin where the one before it ends",
          "expected offset \(position - start), found \(info.offset)")
      }
      guard position <= file.count, info.size <= file.count - position else {
        throw cursor.failure(
          "the file ends before tensor \(info.name)",
          "expected \(info.size) bytes at byte \(position), the file has \(file.count)")
      }
      let range = position..<(position + info.size)
      tensors.append(GGUFTensor(name: info.name, type: info.type, shape: info.shape, range: range))
      position = try Self.aligned(range.upperBound, alignment, cursor)
    }
  }

  /// The bytes of a tensor. Lengths are multiplied with an overflow check even when one of them is 0.
  private static func size(
    of shape: [Int], _ type: GGMLType, _ name: String, _ cursor: GGUFCursor
  ) throws(Failure) -> Int {
    guard (shape.last ?? 1) % type.blockCount == 0 else {
      throw cursor.failure(
        "tensor \(name) has rows that are no whole blocks",
        "rows of \(shape.last ?? 1) in blocks of \(type.blockCount) (\(type.name))")
    }
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(1, length))
      if overflow { throw cursor.failure("tensor \(name) has an impossible shape", "\(shape) is too large to count") }
      count = product
    }
    let (size, overflow) = ((count - 1) / type.blockCount + 1).multipliedReportingOverflow(by: type.blockSize)
    if overflow { throw cursor.failure("tensor \(name) has an impossible shape", "\(shape) is too large to count") }
    return shape.contains(0) ? 0 : size
  }

  private static func aligned(_ position: Int, _ alignment: Int, _ cursor: GGUFCursor) throws(Failure) -> Int {
    let (sum, overflow) = position.addingReportingOverflow(alignment - 1)
    if overflow { throw cursor.failure("the tensors are too large to count") }
    return sum & ~(alignment - 1)
  }
}

/// The types of metadata values, by their numbers in the file.
enum GGUFValueType: UInt32 {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// The fewest bytes that a value takes.
  var size: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .string, .uint64, .int64, .float64: 8
    case .array: 12
    }
  }
}

/// A place in a GGUF file, moving forward. It reads ahead, so that small values cost no system call each.
struct GGUFCursor {
  let path: String
  let count: Int
  let area: Failure.Area
  private(set) var position = 0
  private var window: [UInt8] = []
  private var windowStart = 0

  init(path: String, count: Int, area: Failure.Area) {
    self.path = path
    self.count = count
    self.area = area
  }

  func failure(_ what: String, _ note: String? = nil) -> Failure {
    Failure(area, what, at: "\(path), byte \(position)", notes: note.map { [$0] } ?? [])
  }

  /// The next `length` bytes.
  mutating func bytes(_ length: Int, _ file: borrowing ReadableFile) throws(Failure) -> [UInt8] {
    let start = try advance(length, file)
    return Array(window[start..<(start + length)])
  }

  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ file: borrowing ReadableFile) throws(Failure) -> T {
    let start = try advance(MemoryLayout<T>.size, file)
    return window.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: T.self)) }
  }

  /// Advances by `length` bytes and returns where in the window they begin.
  private mutating func advance(_ length: Int, _ file: borrowing ReadableFile) throws(Failure) -> Int {
    guard length <= count - position else {
      throw failure("the GGUF file is cut off", "expected \(length) more bytes, found \(count - position)")
    }
    if position + length > windowStart + window.count {
      window = try file.read(min(max(length, 1 << 18), count - position), at: position)
      windowStart = position
    }
    position += length
    return position - length - windowStart
  }

  /// A number of things that take at least `size` bytes each.
  mutating func count(_ file: borrowing ReadableFile, _ things: String, size: Int) throws(Failure) -> Int {
    let number: UInt64 = try integer(file)
    guard let count = Int(exactly: number), count <= (self.count - position) / size else {
      throw failure("\(number) \(things) do not fit into the file", "\(self.count - position) bytes remain")
    }
    return count
  }

  mutating func string(_ file: borrowing ReadableFile, _ what: String, limit: Int = .max) throws(Failure) -> String {
    let length = try count(file, "bytes of \(what)", size: 1)
    if length > limit { throw failure("\(what) is too long", "at most \(limit) bytes expected, found \(length)") }
    let start = try advance(length, file)
    let text = window.withUnsafeBytes { window in
      let bytes = UnsafeRawBufferPointer(rebasing: window[start..<(start + length)])
      return UTF8Bytes.firstInvalid(in: bytes) == nil ? String(decoding: bytes, as: UTF8.self) : nil
    }
    guard let text else { throw failure("\(what) is not UTF-8") }
    return text
  }

  mutating func valueType(_ file: borrowing ReadableFile, _ what: String) throws(Failure) -> GGUFValueType {
    let number: UInt32 = try integer(file)
    guard let type = GGUFValueType(rawValue: number) else { throw failure("\(what) has the unknown type \(number)") }
    return type
  }

  mutating func value(
    of type: GGUFValueType, _ file: borrowing ReadableFile, _ key: String
  ) throws(Failure) -> GGUFValue {
    switch type {
    case .array: return try array(file, key)
    case .string: return .string(try string(file, "the text of \(key)"))
    case .bool: return .bool(try bool(file, key))
    case .float32, .float64: return .float(try float(of: type, file))
    case .uint64:
      let number: UInt64 = try integer(file)
      return Int(exactly: number).map(GGUFValue.integer) ?? .unsigned(number)
    default: return .integer(try integer(of: type, file, key))
    }
  }

  private mutating func array(_ file: borrowing ReadableFile, _ key: String) throws(Failure) -> GGUFValue {
    let type = try valueType(file, "the array \(key)")
    let length = try count(file, "elements of \(key)", size: type.size)
    switch type {
    case .array: throw failure("\(key) is an array of arrays, which is not read")
    case .string:
      return .strings(
        try elements(length) { (cursor) throws(Failure) in try cursor.string(file, "an element of \(key)") })
    case .bool: return .bools(try elements(length) { (cursor) throws(Failure) in try cursor.bool(file, key) })
    case .float32, .float64:
      return .floats(try elements(length) { (cursor) throws(Failure) in try cursor.float(of: type, file) })
    default:
      return .integers(try elements(length) { (cursor) throws(Failure) in try cursor.integer(of: type, file, key) })
    }
  }

  private mutating func elements<T>(
    _ count: Int, _ read: (inout GGUFCursor) throws(Failure) -> T
  ) throws(Failure) -> [T] {
    var elements: [T] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try read(&self)) }
    return elements
  }

  private mutating func bool(_ file: borrowing ReadableFile, _ key: String) throws(Failure) -> Bool {
    let byte: UInt8 = try integer(file)
    if byte > 1 { throw failure("\(key) is neither true nor false", "found \(byte)") }
    return byte == 1
  }

  private mutating func float(of type: GGUFValueType, _ file: borrowing ReadableFile) throws(Failure) -> Double {
    if type == .float32 { return Double(Float(bitPattern: try integer(file))) }
    return Double(bitPattern: try integer(file))
  }

  private mutating func integer(
    of type: GGUFValueType, _ file: borrowing ReadableFile, _ key: String
  ) throws(Failure) -> Int {
    switch type {
    case .uint8: return Int(try integer(file) as UInt8)
    case .int8: return Int(try integer(file) as Int8)
    case .uint16: return Int(try integer(file) as UInt16)
    case .int16: return Int(try integer(file) as Int16)
    case .uint32: return Int(try integer(file) as UInt32)
    case .int32: return Int(try integer(file) as Int32)
    case .int64: return Int(try integer(file) as Int64)
    default:
      let number: UInt64 = try integer(file)
      guard let integer = Int(exactly: number) else { throw failure("\(key) holds \(number), which is too large") }
      return integer
    }
  }
}
