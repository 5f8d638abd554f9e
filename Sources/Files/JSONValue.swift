/// A JSON value with its position in the source.
///
/// Objects keep the order of their members, numbers the text they were written with, and strings are compared byte by
/// byte (Swift's `==` on strings treats canonically equivalent ones as equal, which two tokens or two keys are not).
/// Equality ignores positions.
package struct JSONValue: Sendable {
  package enum Content: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])
  }

  package var content: Content
  private var position: SourcePosition

  package init(_ content: Content, line: Int = 0, column: Int = 0) {
    self.content = content
    position = SourcePosition(line: line, column: column)
  }

  /// The 1-based line the value begins in, 0 when it was made in memory.
  package var line: Int { position.lineNumber }
  /// The 1-based column, in Unicode scalars, the value begins at; 0 when it was made in memory.
  package var column: Int { position.columnNumber }
}

/// A member of a JSON object, with the position of its key.
package struct JSONMember: Sendable {
  package var key: String
  package var value: JSONValue
  private var position: SourcePosition

  package init(_ key: String, _ value: JSONValue, line: Int = 0, column: Int = 0) {
    self.key = key
    self.value = value
    position = SourcePosition(line: line, column: column)
  }

  package var line: Int { position.lineNumber }
  package var column: Int { position.columnNumber }
}

/// A line and a column in half the memory of two `Int`s: a vocabulary has hundreds of thousands of values.
private struct SourcePosition: Sendable {
  private let line: UInt32
  private let column: UInt32

  init(line: Int, column: Int) {
    self.line = UInt32(clamping: line)
    self.column = UInt32(clamping: column)
  }

  var lineNumber: Int { Int(line) }
  var columnNumber: Int { Int(column) }
}

// MARK: - Access

extension JSONValue {
  package static let null = JSONValue(.null)

  package var isNull: Bool { if case .null = content { true } else { false } }
  package var bool: Bool? { if case .bool(let value) = content { value } else { nil } }
  package var string: String? { if case .string(let value) = content { value } else { nil } }
  package var number: JSONNumber? { if case .number(let value) = content { value } else { nil } }
  package var array: [JSONValue]? { if case .array(let value) = content { value } else { nil } }
  package var object: [JSONMember]? { if case .object(let value) = content { value } else { nil } }

  /// The number as an exact integer; nil for `4.0`, `-0` and anything outside `Int`.
  package var integer: Int? { number?.integer }
  /// The number as an exact integer, however it is written; nil for `4.5` and anything outside `Int`.
  package var integral: Int? { number?.integral }
  /// The number, rounded to the nearest double.
  package var double: Double? { number?.double }

  /// The value of the member called `key`; a linear search.
  package subscript(key: String) -> JSONValue? {
    get { object?.first { $0.key.hasSameBytes(as: key) }?.value }
    set {
      var members = object ?? []
      let index = members.firstIndex { $0.key.hasSameBytes(as: key) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(JSONMember(key, value))
      case (nil, nil): break
      }
      content = .object(members)
    }
  }

  /// What kind of value this is, for messages: `a string`, `an array`, ...
  package var kind: String {
    switch content {
    case .null: "null"
    case .bool: "a boolean"
    case .number(let number): number.integer == nil ? "a number" : "an integer"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

// MARK: - Equality

extension JSONValue: Equatable {
  package static func == (left: JSONValue, right: JSONValue) -> Bool { left.content == right.content }
}

extension JSONMember: Equatable {
  package static func == (left: JSONMember, right: JSONMember) -> Bool {
    left.key.hasSameBytes(as: right.key) && left.value == right.value
  }
}

extension JSONValue.Content: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }
}

// MARK: - Making values

extension JSONValue {
  package init(_ value: Bool) { self.init(.bool(value)) }
  package init(_ value: Int) { self.init(.number(JSONNumber(value))) }
  package init(_ value: String) { self.init(.string(value)) }
  package init(_ value: [JSONValue]) { self.init(.array(value)) }
  package init(_ value: [JSONMember]) { self.init(.object(value)) }

  /// A number, or null when `value` is not finite, which JSON cannot write.
  /// A number that was measured; the text "inf", "-inf" or "nan" where JSON has no number for it.
  package init(measured value: Double) {
    self = value.isFinite ? JSONValue(value) : JSONValue(value.description)
  }

  package init(_ value: Double) { self.init(value.isFinite ? .number(JSONNumber(value)) : .null) }
  /// A number with the shortest text that reads back as `value`, or null when `value` is not finite.
  package init(_ value: Float) { self.init(value.isFinite ? .number(JSONNumber(value)) : .null) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self.init(value) }
  package init(integerLiteral value: Int) { self.init(value) }
  package init(floatLiteral value: Double) { self.init(value) }
  package init(booleanLiteral value: Bool) { self.init(value) }
  package init(arrayLiteral elements: JSONValue...) { self.init(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements.map { JSONMember($0.0, $0.1) })
  }
  package init(nilLiteral: ()) { self.init(.null) }
}

extension String {
  /// Whether both strings are the same UTF-8 bytes. `==` also holds for canonically equivalent strings.
  package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
