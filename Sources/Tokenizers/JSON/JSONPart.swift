import Files

/// A value of a `tokenizer.json` and the path to it, for messages.
struct JSONPart {
  let value: JSONValue
  let path: String
  let source: String

  init(_ value: JSONValue, path: String, source: String) {
    self.value = value
    self.path = path
    self.source = source
  }

  var site: VocabularyAssembly.Site { .init(part: path.isEmpty ? "the file" : path, place: place) }

  private var place: String { value.line > 0 ? "\(source):\(value.line):\(value.column)" : source }

  func failure(_ what: String, notes: [String] = []) -> Failure {
    Failure(.tokenizer, "\(site.part) \(what)", at: place, notes: notes)
  }

  /// A value that asks for something this program does not support; `supported` ends in the verb (`only false is`).
  func unsupported(_ supported: String) -> Failure {
    failure("is not supported", notes: ["\(supported) supported, found \(value.string ?? value.kind)"])
  }

  /// The member called `key`, nil when there is none or it is null.
  subscript(key: String) -> JSONPart? {
    guard let member = value[key], !member.isNull else { return nil }
    return JSONPart(member, path: path(of: key), source: source)
  }

  func path(of key: String) -> String {
    let isPlain = key.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x5F }
    if !isPlain || key.isEmpty { return "\(path)[\"\(key)\"]" }
    return path.isEmpty ? key : "\(path).\(key)"
  }

  func required(_ key: String) throws(Failure) -> JSONPart {
    _ = try members()
    if let part = self[key] { return part }
    throw Failure(.tokenizer, "\(path(of: key)) is missing", at: place)
  }

  /// Refuses members not listed: they may change what the file means.
  func allow(_ keys: String...) throws(Failure) {
    for member in try members() where !keys.contains(where: { $0.hasSameBytes(as: member.key) }) {
      throw JSONPart(member.value, path: path(of: member.key), source: source).failure("is unknown")
    }
  }

  /// Refuses any string but `expected`.
  func require(_ expected: String, _ meaning: String) throws(Failure) {
    let found = try string()
    if found.hasSameBytes(as: expected) { return }
    throw failure("is \"\(found)\", which is not supported", notes: ["\(meaning) has \"\(expected)\""])
  }

  func members() throws(Failure) -> [JSONMember] { try typed(value.object, "an object") }
  func elements() throws(Failure) -> [JSONValue] { try typed(value.array, "an array") }
  /// The elements of an array with their paths.
  func parts() throws(Failure) -> [JSONPart] {
    try elements().enumerated().map { JSONPart($1, path: "\(path)[\($0)]", source: source) }
  }

  func string() throws(Failure) -> String { try typed(value.string, "a string") }
  func boolean() throws(Failure) -> Bool { try typed(value.bool, "a boolean") }
  func integer() throws(Failure) -> Int { try typed(value.integer, "an integer") }

  private func typed<T>(_ result: T?, _ expected: String) throws(Failure) -> T {
    if let result { return result }
    throw mismatch(expected)
  }

  /// A value of another kind than `expected`.
  func mismatch(_ expected: String) -> Failure {
    failure("is not \(expected)", notes: ["expected \(expected), found \(value.kind)"])
  }
}
