extension JSONValue {
  /// Reads one JSON value (RFC 8259) that fills `bytes`.
  ///
  /// Strict: duplicate keys, numbers a double cannot hold, nesting deeper than 512, invalid UTF-8, lone surrogates and
  /// trailing text are refused, each with `source:line:column`. With `comments`, `//` and `/* */` comments and a comma
  /// after the last element are allowed.
  ///
  /// - Parameters:
  ///   - line: the number of the first line, where the bytes are a part of the source.
  ///   - takesNaN: whether the words `NaN`, `Infinity` and `-Infinity`, which Python writes for numbers that JSON does not have, are
  ///     read, as null.
  package static func parse(
    _ bytes: UnsafeRawBufferPointer, source: String, area: Failure.Area, comments: Bool = false, line: Int = 1,
    takesNaN: Bool = false
  ) throws(Failure) -> JSONValue {
    var parser = JSONParser(bytes: bytes, source: source, area: area, comments: comments)
    (parser.line, parser.takesNaN) = (line, takesNaN)
    return try parser.document()
  }

  /// Reads one JSON value that fills `bytes`; see the other form.
  package static func parse(
    _ bytes: [UInt8], source: String, area: Failure.Area, comments: Bool = false, line: Int = 1,
    takesNaN: Bool = false
  ) throws(Failure) -> JSONValue {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(Failure) in
        try parse(buffer, source: source, area: area, comments: comments, line: line, takesNaN: takesNaN)
      }
    }
    return try result.get()
  }

  /// Reads a JSON array that fills `bytes`, one element after the other: `body` gets each as soon as it is read, and what
  /// it throws ends the reading. Strict as `parse`; elements before a fault have been read when it is found.
  package static func parseElements(
    of bytes: UnsafeRawBufferPointer, source: String, area: Failure.Area, takesNaN: Bool = false,
    _ body: (JSONValue) throws(Failure) -> Void
  ) throws(Failure) {
    var parser = JSONParser(bytes: bytes, source: source, area: area, comments: false)
    parser.takesNaN = takesNaN
    try parser.array(body)
  }
}

/// One pass over the bytes of a document. Recursion is bounded by `depthLimit`.
struct JSONParser {
  static let depthLimit = 512

  let bytes: UnsafeRawBufferPointer
  let source: String
  let area: Failure.Area
  let comments: Bool
  fileprivate var takesNaN = false
  var index = 0
  fileprivate var line = 1
  /// The offset at which the current line begins, advanced by continuation bytes, so that columns count scalars.
  var lineStart = 0
  private var depth = 0

  init(bytes: UnsafeRawBufferPointer, source: String, area: Failure.Area, comments: Bool) {
    self.bytes = bytes
    self.source = source
    self.area = area
    self.comments = comments
  }

  private var column: Int { index - lineStart + 1 }
  var current: UInt8? { index < bytes.count ? bytes[index] : nil }

  mutating func document() throws(Failure) -> JSONValue {
    try begin()
    let value = try value()
    try end()
    return value
  }

  mutating func array(_ body: (JSONValue) throws(Failure) -> Void) throws(Failure) {
    try beginArray()
    try nested { (parser) throws(Failure) in
      try parser.elements(body)
    }
    try end()
  }

  private mutating func beginArray() throws(Failure) {
    try begin()
    guard current == UInt8(ascii: "[") else { throw failure("expected an array, found \(found)") }
  }

  private mutating func begin() throws(Failure) {
    try checkEncoding()
    try skipSpace()
    if current == nil { throw failure(bytes.isEmpty ? "the JSON text is empty" : "the JSON text holds no value") }
  }

  private mutating func end() throws(Failure) {
    try skipSpace()
    if current != nil { throw failure("unexpected \(found) after the end of the JSON value") }
  }

  private mutating func checkEncoding() throws(Failure) {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) || bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) {
      throw failure("the JSON text begins with a byte-order mark", "save it as UTF-8 without one")
    }
    guard let invalid = UTF8Bytes.firstInvalid(in: bytes) else { return }
    for offset in 0..<invalid {
      if bytes[offset] == 0x0A { (line, lineStart) = (line + 1, offset + 1) }
      if bytes[offset] & 0xC0 == 0x80 { lineStart += 1 }
    }
    index = invalid
    throw failure("the JSON text is not UTF-8 (byte \(hexadecimal(bytes[invalid])) at offset \(invalid))")
  }

  // MARK: Values

  private mutating func value() throws(Failure) -> JSONValue {
    let (line, column) = (line, column)
    guard let byte = current else { throw failure("the JSON text ends where a value is expected") }
    let content: JSONValue.Content
    switch byte {
    case UInt8(ascii: "{"): content = .object(try nested { (parser) throws(Failure) in try parser.members() })
    case UInt8(ascii: "["): content = .array(try nested { (parser) throws(Failure) in try parser.elements() })
    case UInt8(ascii: "\""): content = .string(try string())
    case UInt8(ascii: "N") where takesNaN: content = try word("NaN", .null)
    case UInt8(ascii: "I") where takesNaN: content = try word("Infinity", .null)
    case UInt8(ascii: "-") where takesNaN && bytes.dropFirst(index).starts(with: "-I".utf8):
      content = try word("-Infinity", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): content = .number(try number())
    case UInt8(ascii: "t"): content = try word("true", .bool(true))
    case UInt8(ascii: "f"): content = try word("false", .bool(false))
    case UInt8(ascii: "n"): content = try word("null", .null)
    default: throw failure("expected a JSON value, found \(found)", foreignNote ?? meantWord)
    }
    return JSONValue(content, line: line, column: column)
  }

  private mutating func nested<T>(_ body: (inout JSONParser) throws(Failure) -> T) throws(Failure) -> T {
    if depth == Self.depthLimit { throw failure("the JSON text is nested deeper than \(Self.depthLimit) levels") }
    depth += 1
    index += 1
    let result = try body(&self)
    depth -= 1
    return result
  }

  private mutating func elements() throws(Failure) -> [JSONValue] {
    var elements: [JSONValue] = []
    try self.elements { elements.append($0) }
    return elements
  }

  private mutating func elements(_ body: (JSONValue) throws(Failure) -> Void) throws(Failure) {
    try skipSpace()
    while current != UInt8(ascii: "]") {
      try body(try value())
      if try !separator(before: UInt8(ascii: "]")) { break }
    }
    index += 1
  }

  private mutating func members() throws(Failure) -> [JSONMember] {
    var members: [JSONMember] = []
    var keys = KeySet()
    try skipSpace()
    while current != UInt8(ascii: "}") {
      let (line, column) = (line, column)
      guard current == UInt8(ascii: "\"") else {
        throw failure("expected a key in quotes, found \(found)", foreignNote)
      }
      let key = try string()
      if let earlier = keys.insert(key, line: line, members: members) {
        throw failure("duplicate key \"\(key)\"", "it stands in line \(earlier) and in line \(line)", line, column)
      }
      try skipSpace()
      guard current == UInt8(ascii: ":") else { throw failure("expected \":\" after key \"\(key)\", found \(found)") }
      index += 1
      try skipSpace()
      members.append(JSONMember(key, try value(), line: line, column: column))
      if try !separator(before: UInt8(ascii: "}")) { break }
    }
    index += 1
    return members
  }

  /// Steps over the comma between two elements; false when `end` follows instead.
  private mutating func separator(before end: UInt8) throws(Failure) -> Bool {
    try skipSpace()
    if current == end { return false }
    guard current == UInt8(ascii: ",") else {
      throw failure("expected \",\" or \"\(Character(Unicode.Scalar(end)))\", found \(found)", foreignNote)
    }
    index += 1
    try skipSpace()
    if current == end, !comments { throw failure("a comma with nothing after it") }
    return true
  }

  private mutating func word(_ word: StaticString, _ content: JSONValue.Content) throws(Failure) -> JSONValue.Content {
    let letters = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes.dropFirst(index).starts(with: letters) else {
      throw failure("expected a JSON value, found \(found)", meantWord)
    }
    index += letters.count
    return content
  }

  // MARK: Space and comments

  private mutating func skipSpace() throws(Failure) {
    while let byte = current {
      switch byte {
      case 0x20, 0x09, 0x0D: index += 1
      case 0x0A:
        index += 1
        (line, lineStart) = (line + 1, index)
      case UInt8(ascii: "/") where comments: try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(Failure) {
    let (line, column) = (line, column)
    let isBlock = index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "*")
    guard isBlock || (index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "/")) else {
      throw failure("expected // or /* to begin a comment")
    }
    index += 2
    while let byte = current {
      if !isBlock, byte == 0x0A { return }
      if isBlock, byte == UInt8(ascii: "*"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "/") {
        index += 2
        return
      }
      index += 1
      if byte == 0x0A { (self.line, lineStart) = (self.line + 1, index) }
      if byte & 0xC0 == 0x80 { lineStart += 1 }
    }
    if isBlock { throw failure("the comment is never closed", nil, line, column) }
  }

  // MARK: Messages

  func failure(_ what: String, _ note: String? = nil, _ line: Int? = nil, _ column: Int? = nil) -> Failure {
    Failure(
      area, what, at: "\(source):\(line ?? self.line):\(column ?? self.column)", notes: note.map { [$0] } ?? [])
  }

  /// What to write in the place of what other notations have here.
  private var foreignNote: String? {
    switch current ?? 0 {
    case UInt8(ascii: "'"): "text stands in double quotes"
    case UInt8(ascii: "#") where comments: "a comment begins with //"
    default: nil
    }
  }

  /// The word of JSON that Python's or a misspelt one was meant to be.
  private var meantWord: String? {
    let letters = bytes[index...].prefix(16).prefix { (0x61...0x7a).contains($0 | 0x20) }
    let word = String(decoding: letters, as: UTF8.self)
    if word == "None" { return "did you mean null?" }
    return suggestion(for: word.lowercased(), among: ["true", "false", "null"]).map { "did you mean \($0)?" }
  }

  /// What is at the current position, for messages.
  var found: String {
    guard let byte = current else { return "the end of the text" }
    if byte < 0x20 || byte == 0x7F { return "control character \(hexadecimal(byte))" }
    let scalar = String(decoding: bytes[index..<min(bytes.count, index + 4)], as: UTF8.self).unicodeScalars.first!
    return "\"\(scalar)\""
  }

  func hexadecimal(_ byte: UInt8) -> String { "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

/// The keys an object has so far: compared one by one while they are few, then hashed.
private struct KeySet {
  private struct Key: Hashable {
    let text: String

    static func == (left: Key, right: Key) -> Bool { left.text.hasSameBytes(as: right.text) }

    func hash(into hasher: inout Hasher) {
      var text = text
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }

  private var lines: [Key: Int] = [:]

  /// Adds `key`, the next one after `members`; the line of the earlier one when it is there already.
  mutating func insert(_ key: String, line: Int, members: [JSONMember]) -> Int? {
    if members.count < 16 {
      return members.first { $0.key.hasSameBytes(as: key) }?.line
    }
    if lines.isEmpty {
      for member in members { lines[Key(text: member.key)] = member.line }
    }
    return lines.updateValue(line, forKey: Key(text: key))
  }
}
