/// JSON as Python's `json.dumps` writes it, with Hugging Face's defaults: `tojson`.
struct JSONText {
  var escapesNonASCII = false
  /// The white space of one level; nil writes one line.
  var indent: Text?
  var itemSeparator = Text(", ")
  var keySeparator = Text(": ")
  var sortsKeys = false

  /// - Throws: a message naming a type that JSON does not have.
  func text(of value: Value, origin outer: Int32 = Mark.none, level: Int = 0) throws(JSONTextError) -> Text {
    switch value {
    case .null: return Text("null", origin: outer)
    case .bool(let value): return Text(value ? "true" : "false", origin: outer)
    case .integer(let value): return Text(String(value), origin: outer)
    case .largeInteger(let digits): return Text(digits, origin: outer)
    case .float(let value): return Text(Self.number(value), origin: outer)
    case .string(let text): return quoted(text)
    case .list(let list) where list.kind != .plain:
      throw JSONTextError(message: "Object of type \(value.typeName) is not JSON serializable")
    case .list(let list), .tuple(let list):
      let origin = list.origin == Mark.none ? outer : list.origin
      var items: [Text] = []
      for item in list.items { items.append(try text(of: item, origin: origin, level: level + 1)) }
      return enclosed(items, "[", "]", origin, level)
    case .dictionary(let dictionary):
      let origin = dictionary.origin == Mark.none ? outer : dictionary.origin
      var items: [Text] = []
      for entry in try sorted(dictionary.entries) {
        let key = quoted(try Self.key(entry.key, origin))
        items.append(key + from(keySeparator, origin) + (try text(of: entry.value, origin: origin, level: level + 1)))
      }
      return enclosed(items, "{", "}", origin, level)
    default: throw JSONTextError(message: "Object of type \(value.typeName) is not JSON serializable")
    }
  }

  private func from(_ text: Text, _ origin: Int32) -> Text {
    origin == Mark.none ? text : text.marked { $0.origin = origin }
  }

  private func enclosed(_ items: [Text], _ opening: String, _ closing: String, _ origin: Int32, _ level: Int) -> Text {
    if items.isEmpty { return Text(opening + closing, origin: origin) }
    func newLine(_ level: Int) -> Text {
      guard let indent else { return Text() }
      var line = Text("\n")
      for _ in 0..<level { line.append(indent) }
      return from(line, origin)
    }
    var result = Text(opening, origin: origin) + newLine(level + 1)
    let separator = from(itemSeparator, origin) + newLine(level + 1)
    for (index, item) in items.enumerated() {
      if index > 0 { result.append(separator) }
      result.append(item)
    }
    return result + newLine(level) + Text(closing, origin: origin)
  }

  private func sorted(_ entries: [Value.Dictionary.Entry]) throws(JSONTextError) -> [Value.Dictionary.Entry] {
    if !sortsKeys { return entries }
    let isOrdered = zip(entries, entries.dropFirst()).allSatisfy { $0.key.isLess(than: $1.key) != nil }
    if !isOrdered { throw JSONTextError(message: "'<' not supported between the keys") }
    return entries.sorted { $0.key.isLess(than: $1.key) == true }
  }

  private static func key(_ key: Value, _ origin: Int32) throws(JSONTextError) -> Text {
    switch key {
    case .string(let text): return text
    case .null: return Text("null", origin: origin)
    case .bool(let value): return Text(value ? "true" : "false", origin: origin)
    case .integer(let value): return Text(String(value), origin: origin)
    case .largeInteger(let digits): return Text(digits, origin: origin)
    case .float(let value): return Text(number(value), origin: origin)
    default: throw JSONTextError(message: "keys must be str, int, float, bool or None, not \(key.typeName)")
    }
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return value.pythonText
  }

  private func quoted(_ text: Text) -> Text {
    let quote = Text("\"").marked { $0 = text.firstMark }
    let isPlain = text.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && (!escapesNonASCII || $0 < 0x7F) }
    if isPlain { return quote + text + quote }
    return quote + text.mapScalars { scalar, _ in escaped(scalar) } + quote
  }

  private func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    case "\u{8}": return "\\b"
    case "\u{C}": return "\\f"
    default:
      if scalar.value >= 0x20, !escapesNonASCII || scalar.value < 0x7F { return String(scalar) }
      return UTF16.encode(scalar)!.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
    }
  }
}

struct JSONTextError: Error {
  let message: String
}
