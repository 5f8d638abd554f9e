import Files

extension Value {
  /// A value as Python's `json.loads` reads it; all that is in it has the origin `origin`.
  package init(_ json: JSONValue, origin: Int32 = Mark.none) {
    switch json.content {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .number(let number): self.init(number)
    case .string(let text): self = .string(Text(text, origin: origin))
    case .array(let items): self = .list(List(items.map { Value($0, origin: origin) }, origin: origin))
    case .object(let members):
      let entries = members.map {
        (key: Value.string(Text($0.key, origin: origin)), value: Value($0.value, origin: origin))
      }
      self = .dictionary(Dictionary(entries, origin: origin))
    }
  }

  private init(_ number: JSONNumber) {
    if let integer = number.integer {
      self = .integer(integer)
    } else if number.text.utf8.contains(where: { ".eE".utf8.contains($0) }) {
      self = .float(number.double)
    } else {
      self = number.text == "-0" ? .integer(0) : .largeInteger(number.text)
    }
  }
}
