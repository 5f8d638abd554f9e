extension JSONValue {
  /// The value as JSON text: members in their order, numbers with their own text. `pretty` indents by two spaces and
  /// keeps arrays of plain numbers in a line.
  package func serialized(pretty: Bool = false) -> String {
    String(decoding: serializedBytes(pretty: pretty), as: UTF8.self)
  }

  /// The bytes of `serialized(pretty:)`.
  package func serializedBytes(pretty: Bool = false) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty)
    writer.write(self)
    return writer.bytes
  }
}

private struct JSONWriter {
  let pretty: Bool
  private(set) var bytes: [UInt8] = []
  private var depth = 0

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: JSONValue) {
    switch value.content {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .number(let number): append(number.text)
    case .string(let string): write(string)
    case .array(let elements): write(elements)
    case .object(let members):
      list(members, "{", "}", inLines: pretty) { writer, member in
        writer.write(member.key)
        writer.append(writer.pretty ? ": " : ":")
        writer.write(member.value)
      }
    }
  }

  private mutating func write(_ elements: [JSONValue]) {
    let isPlain = elements.allSatisfy { $0.number != nil }
    list(elements, "[", "]", inLines: pretty && !isPlain) { writer, element in writer.write(element) }
  }

  private mutating func list<T>(
    _ items: [T], _ open: String, _ close: String, inLines: Bool, _ write: (inout JSONWriter, T) -> Void
  ) {
    append(open)
    depth += 1
    for (index, item) in items.enumerated() {
      if index > 0 { append(pretty && !inLines ? ", " : ",") }
      if inLines { breakLine() }
      write(&self, item)
    }
    depth -= 1
    if inLines, !items.isEmpty { breakLine() }
    append(close)
  }

  private mutating func breakLine() {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * depth))
  }

  private mutating func write(_ string: String) {
    append("\"")
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case 0..<0x20: append(byte < 16 ? "\\u000\(String(byte, radix: 16))" : "\\u00\(String(byte, radix: 16))")
      default: bytes.append(byte)
      }
    }
    append("\"")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONValue: CustomStringConvertible {
  package var description: String { serialized() }
}
