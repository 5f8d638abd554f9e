/// What a key of a document may hold: how to describe it, read it from JSON and write it back.
package struct SettingsType<Value: Sendable>: Sendable {
  /// What is expected, as in "an integer >= 1".
  package var expectation: String
  /// A valid value that stands in for one that could not be read, so that decoding continues and finds every problem.
  package var placeholder: Value
  /// The value, or nil when the JSON is not what is expected.
  package var read: @Sendable (JSONValue) -> Value?
  package var write: @Sendable (Value) -> JSONValue
  /// What is expected as JSON Schema, as far as that can say it.
  package var schema: JSONValue

  package init(
    _ expectation: String, placeholder: Value, schema: JSONValue = [:],
    read: @escaping @Sendable (JSONValue) -> Value?, write: @escaping @Sendable (Value) -> JSONValue
  ) {
    self.expectation = expectation
    self.placeholder = placeholder
    self.read = read
    self.write = write
    self.schema = schema
  }
}

extension SettingsType where Value == Bool {
  package static var boolean: Self {
    Self(
      "true or false", placeholder: false, schema: ["type": "boolean"], read: { $0.bool }, write: { JSONValue($0) })
  }
}

extension SettingsType where Value == Int {
  /// An integer that fits 32 bits, as every count of a model or of a batch must. JSON knows one kind of numbers: 3.0 is 3.
  package static func integer(from lower: Int = 1, to upper: Int = Int(Int32.max)) -> Self {
    let bounds = upper == Int(Int32.max) ? ">= \(lower)" : "from \(lower) to \(upper)"
    return Self(
      lower == upper ? "\(lower)" : "an integer \(bounds)", placeholder: lower,
      schema: ["type": "integer", "minimum": JSONValue(lower), "maximum": JSONValue(upper)],
      read: { $0.integral.flatMap { $0 >= lower && $0 <= upper ? $0 : nil } }, write: { JSONValue($0) })
  }

  /// An integer that may exceed 32 bits: a number of tokens, a seed.
  package static func largeInteger(from lower: Int) -> Self {
    Self(
      "an integer >= \(lower)", placeholder: lower, schema: ["type": "integer", "minimum": JSONValue(lower)],
      read: { $0.integral.flatMap { $0 >= lower ? $0 : nil } }, write: { JSONValue($0) })
  }
}

extension SettingsType where Value == Double {
  /// A number within the bounds that are given. A zero has no sign.
  package static func number(
    above: Double = -.infinity, from: Double = -.infinity, to: Double = .infinity, below: Double = .infinity
  ) -> Self {
    let bounds = [("> ", above), (">= ", from), ("<= ", to), ("< ", below)].filter { $0.1.isFinite }
      .map { $0.0 + JSONValue.shortest($0.1) }
    let limits = [
      ("exclusiveMinimum", above), ("minimum", from), ("maximum", to), ("exclusiveMaximum", below),
    ].filter { $0.1.isFinite }.map { JSONMember($0.0, JSONValue($0.1)) }
    return Self(
      bounds.isEmpty ? "a number" : "a number \(bounds.joined(separator: " and "))",
      placeholder: from.isFinite ? from : to.isFinite ? to : 1,
      schema: JSONValue([JSONMember("type", "number")] + limits),
      read: { value in
        guard let number = value.double, number.isFinite else { return nil }
        guard number > above && number >= from && number <= to && number < below else { return nil }
        return number == 0 ? 0 : number
      },
      write: { JSONValue(.number(JSONNumber($0))) })
  }
}

extension SettingsType where Value == String {
  /// A string that is not empty.
  package static var string: Self {
    Self(
      "a string", placeholder: "", schema: ["type": "string", "minLength": 1],
      read: { $0.string.flatMap { $0.isEmpty ? nil : $0 } }, write: { JSONValue($0) })
  }

  /// One of a few words.
  package static func word(_ words: [String]) -> Self {
    Self(
      SettingsType<Never>.alternatives(words), placeholder: words[0],
      schema: ["enum": JSONValue(words.map { JSONValue($0) })],
      read: { value in value.string.flatMap { words.contains($0) ? $0 : nil } }, write: { JSONValue($0) })
  }
}

extension SettingsType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of an enumeration's cases.
  package static func oneOf(_ type: Value.Type) -> Self {
    let words = type.allCases.map(\.rawValue)
    return Self(
      SettingsType<Never>.alternatives(words), placeholder: type.allCases.first!,
      schema: ["enum": JSONValue(words.map { JSONValue($0) })],
      read: { $0.string.flatMap(Value.init(rawValue:)) }, write: { JSONValue($0.rawValue) })
  }
}

extension SettingsType {
  /// A list, of exactly `count` elements when that is given.
  package static func list<Element>(of element: SettingsType<Element>, count: Int? = nil) -> Self
  where Value == [Element] {
    Self(
      "a list\(count.map { " of \($0)" } ?? ""), each \(element.expectation)",
      placeholder: Array(repeating: element.placeholder, count: count ?? 0),
      schema: JSONValue(
        [JSONMember("type", "array"), JSONMember("items", element.schema)]
          + (count.map { [JSONMember("minItems", JSONValue($0)), JSONMember("maxItems", JSONValue($0))] } ?? [])),
      read: { value in
        guard let elements = value.array, count == nil || elements.count == count else { return nil }
        let values = elements.compactMap(element.read)
        return values.count == elements.count ? values : nil
      },
      write: { JSONValue($0.map(element.write)) })
  }

  /// One value or a list of at least one, read as a list.
  package static func oneOrMore<Element>(_ element: SettingsType<Element>) -> Self where Value == [Element] {
    let list = SettingsType.list(of: element)
    return Self(
      "\(element.expectation) or a list of them", placeholder: [element.placeholder],
      schema: ["anyOf": [element.schema, ["type": "array", "items": element.schema, "minItems": 1]]],
      read: { value in element.read(value).map { [$0] } ?? list.read(value).flatMap { $0.isEmpty ? nil : $0 } },
      write: list.write)
  }

  /// The word `auto`, read as nil, or a value.
  package static func auto<Wrapped>(or wrapped: SettingsType<Wrapped>) -> Self where Value == Wrapped? {
    Self(
      "\"auto\" or \(wrapped.expectation)", placeholder: .none,
      schema: ["anyOf": [["const": "auto"], wrapped.schema]],
      read: { value in value.string == "auto" ? .some(.none) : wrapped.read(value).map { .some($0) } },
      write: { value in value.map(wrapped.write) ?? "auto" })
  }
}

extension SettingsType<Never> {
  /// The words in quotes: `"a", "b" or "c"`.
  static func alternatives(_ words: [String]) -> String {
    let quoted = words.map { "\"\($0)\"" }
    return quoted.count < 2
      ? quoted.joined() : quoted.dropLast().joined(separator: ", ") + " or " + quoted[quoted.count - 1]
  }
}

extension JSONValue {
  /// A number as a reader writes it: `1`, not `1.0`.
  static func shortest(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? number.description
  }

  /// What was found, for a message: `the string "400"`.
  package var found: String {
    switch content {
    case .string(let text): "the string \(JSONValue(String(text.prefix(60))).serialized())"
    case .array(let elements) where elements.allSatisfy { $0.array == nil && $0.object == nil } && elements.count < 9:
      serialized()
    case .array(let elements): "a list of \(elements.count)"
    case .object: "an object"
    case .null, .bool, .number: String(serialized().prefix(60))
    }
  }
}
