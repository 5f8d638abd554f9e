/// A value of a template: what Python's would be, with its origin.
package enum Value: Sendable {
  /// No value; `hint` says what was looked for.
  case undefined(String)
  case null
  case bool(Bool)
  case integer(Int)
  /// An integer beyond 64 bits, as its digits.
  case largeInteger(String)
  case float(Double)
  case string(Text)
  case list(List)
  case tuple(List)
  case dictionary(Dictionary)
  case generator(Generator)
  case namespace(Namespace)
  case loop(Loop)
  case callable(Callable)

  package static func text(_ string: String) -> Value { .string(Text(string)) }
  static func list(_ items: [Value]) -> Value { .list(List(items)) }

  /// The items of a list or tuple, which never change: the sandbox refuses what would change them.
  package final class List: Sendable {
    /// What Python has in the place of a list.
    enum Kind: Sendable, Equatable {
      case plain
      case range(start: Int, end: Int, step: Int)
      /// `dict_keys`, `dict_items`, ...
      case view(String)
      /// A group of `groupby`: its key and its items.
      case group
    }

    let items: [Value]
    package let origin: Int32
    let kind: Kind
    let size: Size

    package convenience init(_ items: [Value], origin: Int32 = Mark.none) {
      self.init(items, origin: origin, kind: .plain)
    }

    init(_ items: [Value], origin: Int32 = Mark.none, kind: Kind) {
      self.items = items
      self.origin = origin
      self.kind = kind
      size = Size(of: items)
    }
  }

  /// How much there is in a list or dictionary, with all that its items hold; the same item may be there many times.
  struct Size: Sendable {
    /// Items and bytes of text.
    private(set) var weight = 1
    /// How deep lists nest in it.
    private(set) var height = 1
    /// Whether something in it has no text.
    private(set) var hasNoText = false

    init(of items: [Value]) {
      for item in items { add(item) }
    }

    init(of entries: [Dictionary.Entry]) {
      for entry in entries {
        add(entry.key)
        add(entry.value)
      }
    }

    private mutating func add(_ item: Value) {
      weight = weight.addingClamped(item.weight)
      height = max(height, 1 + item.height)
      // A namespace may come to hold the list that it is in.
      if case .namespace = item { hasNoText = true }
      hasNoText = hasNoText || item.hasNoText
    }
  }

  /// The entries of a dictionary, in their order; they never change.
  package final class Dictionary: Sendable {
    typealias Entry = (key: Value, value: Value)
    let entries: [Entry]
    package let origin: Int32
    let size: Size
    /// Where the texts are that are keys; nil for few of them, which are searched faster.
    private let places: [Text: Int]?

    /// Later entries replace earlier ones of the same key, at their place.
    package init(_ entries: [(key: Value, value: Value)], origin: Int32 = Mark.none) {
      var kept: [Entry] = []
      kept.reserveCapacity(entries.count)
      var places: [Text: Int] = [:]
      for entry in entries {
        let place: Int?
        if entries.count > 8, case .string(let text) = entry.key {
          place = places[text]
          if place == nil { places[text] = kept.count }
        } else {
          place = kept.firstIndex { $0.key.equals(entry.key) }
        }
        if let place { kept[place].value = entry.value } else { kept.append(entry) }
      }
      self.entries = kept
      self.origin = origin
      size = Size(of: kept)
      self.places = entries.count > 8 ? places : nil
    }

    /// Entries whose keys are known to be texts that differ.
    package init(distinct entries: [(key: Value, value: Value)], origin: Int32) {
      self.entries = entries
      self.origin = origin
      size = Size(of: entries)
      places = nil
    }

    subscript(key: Value) -> Value? {
      if case .string(let text) = key { return self[text] }
      return entries.first { $0.key.equals(key) }?.value
    }

    subscript(key: Text) -> Value? {
      if let places { return places[key].map { entries[$0].value } }
      for entry in entries {
        if case .string(let text) = entry.key, text.bytes == key.bytes { return entry.value }
      }
      return nil
    }
  }
}

extension Value {
  /// The origin of the value itself.
  package var origin: Int32 {
    switch self {
    case .string(let text): text.firstMark.origin
    case .list(let list), .tuple(let list): list.origin
    case .dictionary(let dictionary): dictionary.origin
    default: Mark.none
    }
  }

  private var size: Size? {
    switch self {
    case .list(let list), .tuple(let list): list.size
    case .dictionary(let dictionary): dictionary.size
    case .generator(let generator): generator.size
    default: nil
    }
  }

  /// How much work it is to look at all of the value.
  var weight: Int {
    if case .string(let text) = self { return 1 + text.bytes.count }
    return size?.weight ?? 1
  }

  var height: Int { size?.height ?? 0 }

  /// Whether the value is not written: Python writes an address for it or for one in it, or it may hold itself.
  var hasNoText: Bool {
    switch self {
    case .generator, .callable: true
    case .namespace(let namespace): namespace.attributes.contains { $0.value.isCompound }
    default: size?.hasNoText ?? false
    }
  }

  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .null: false
    case .bool(let value): value
    case .integer(let value): value != 0
    case .float(let value): value != 0
    case .string(let text): !text.isEmpty
    case .list(let list), .tuple(let list): !list.items.isEmpty
    case .dictionary(let dictionary): !dictionary.entries.isEmpty
    case .largeInteger, .generator, .namespace, .loop, .callable: true
    }
  }

  private var isCompound: Bool {
    switch self {
    case .undefined, .null, .bool, .integer, .largeInteger, .float, .string: false
    case .list, .tuple, .dictionary, .generator, .namespace, .loop, .callable: true
    }
  }

  /// What Python calls the value's type.
  var typeName: String {
    switch self {
    case .undefined: "Undefined"
    case .null: "NoneType"
    case .bool: "bool"
    case .integer, .largeInteger: "int"
    case .float: "float"
    case .string: "str"
    case .list(let list): list.typeName
    case .generator: "generator"
    case .tuple: "tuple"
    case .dictionary: "dict"
    case .namespace: "Namespace"
    case .loop: "LoopContext"
    case .callable: "function"
    }
  }

  /// The value as a number, as Python's arithmetic takes it: true and false are 1 and 0.
  var integer: Int? {
    switch self {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  var number: Double? {
    if case .float(let value) = self { return value }
    if case .largeInteger(let digits) = self { return Double(digits) }
    return integer.map(Double.init)
  }

  /// Python's `==`.
  func equals(_ other: Value) -> Bool {
    switch (self, other) {
    case (.undefined, .undefined), (.null, .null): return true
    case (.string(let left), .string(let right)): return left.bytes == right.bytes
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      return left === right
        || left.typeName == right.typeName && left.items.count == right.items.count
          && zip(left.items, right.items).allSatisfy { $0.equals($1) }
    case (.dictionary(let left), .dictionary(let right)):
      return left === right
        || left.entries.count == right.entries.count
          && left.entries.allSatisfy { entry in right[entry.key].map { $0.equals(entry.value) } ?? false }
    case (.largeInteger(let left), .largeInteger(let right)): return left == right
    case (.namespace(let left), .namespace(let right)): return left === right
    case (.generator(let left), .generator(let right)): return left === right
    case (.loop(let left), .loop(let right)): return left === right
    default:
      if let left = integer, let right = other.integer { return left == right }
      if let left = number, let right = other.number { return left == right }
      return false
    }
  }

  /// Python's `<`; nil for values that have no order.
  func isLess(than other: Value) -> Bool? {
    switch (self, other) {
    case (.string(let left), .string(let right)): return left.bytes.lexicographicallyPrecedes(right.bytes)
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      for (one, two) in zip(left.items, right.items) where !one.equals(two) { return one.isLess(than: two) }
      return left.items.count < right.items.count
    default:
      if let left = integer, let right = other.integer { return left < right }
      if let left = number, let right = other.number { return left < right }
      return nil
    }
  }
}

extension Value.List {
  var isRange: Bool { if case .range = kind { true } else { false } }

  fileprivate var typeName: String {
    switch kind {
    case .plain, .group: "list"
    case .range: "range"
    case .view(let name): name
    }
  }
}
