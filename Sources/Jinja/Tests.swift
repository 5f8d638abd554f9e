extension Interpreter {
  /// What `value is name(arguments)` says (Jinja2's tests).
  mutating func test(_ name: String, _ value: Value, _ arguments: inout CallArguments) throws(TemplateError) -> Bool {
    let isTrue = try result(of: name, value, &arguments)
    try finish(arguments, "the test \"\(name)\"")
    return isTrue
  }

  private mutating func result(
    of name: String, _ value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Bool {
    if let test = Self.typeTests[name] { return test(value) }
    if let comparison = Self.comparisons[name] {
      guard let other = arguments.take("other") else { throw failure("the test \"\(name)\" needs a value") }
      return try compare(value, comparison, other)
    }
    switch name {
    case "in":
      guard let whole = arguments.take("seq") else { throw failure("the test \"in\" needs a sequence") }
      return try contains(whole, value)
    case "divisibleby":
      guard let other = arguments.take("num") else { throw failure("the test \"divisibleby\" needs a number") }
      return try calculate(.remainder, value, other).equals(.integer(0))
    case "even", "odd": return try calculate(.remainder, value, .integer(2)).equals(.integer(name == "odd" ? 1 : 0))
    case "sameas":
      guard let other = arguments.take("other") else { throw failure("the test \"sameas\" needs a value") }
      return isSame(value, other)
    case "lower", "upper":
      try step(value.weight / 2)
      let text = try text(of: value)
      return name == "lower" ? text.isSmall : text.isCapital
    case "filter", "test":
      try requireHashable(value)
      guard case .string(let word) = value else { return false }
      let text = word.string
      return name == "filter" ? Self.isFilter(text) : Self.isTest(text)
    default: throw failure("no test named \"\(name)\"", .syntax)
    }
  }

  static func isTest(_ name: String) -> Bool {
    typeTests[name] != nil || comparisons[name] != nil || otherTests.contains(name)
  }

  private static let otherTests: Set<String> = [
    "in", "divisibleby", "even", "odd", "sameas", "lower", "upper", "filter", "test",
  ]

  private func isSame(_ left: Value, _ right: Value) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.dictionary(let left), .dictionary(let right)): left === right
    case (.list(let left), .list(let right)): left === right
    case (.namespace(let left), .namespace(let right)): left === right
    case (.integer(let left), .integer(let right)): left == right
    case (.string(let left), .string(let right)): left == right
    default: false
    }
  }

  private static let typeTests: [String: @Sendable (Value) -> Bool] = [
    "defined": { if case .undefined = $0 { false } else { true } },
    "undefined": { if case .undefined = $0 { true } else { false } },
    "none": { if case .null = $0 { true } else { false } },
    "boolean": { if case .bool = $0 { true } else { false } },
    "true": { if case .bool(true) = $0 { true } else { false } },
    "false": { if case .bool(false) = $0 { true } else { false } },
    "integer": { ["int"].contains($0.typeName) },
    "float": { $0.typeName == "float" },
    "number": { $0.number != nil },
    "string": { $0.typeName == "str" },
    "mapping": { $0.typeName == "dict" },
    "sequence": { ["str", "list", "tuple", "dict", "Undefined", "range"].contains($0.typeName) },
    "iterable": { !["NoneType", "bool", "int", "float", "Namespace", "function"].contains($0.typeName) },
    "callable": { value in
      if case .loop = value { return true }
      // An undefined value can be called, and fails then.
      if case .undefined = value { return true }
      if case .callable = value { return true }
      return false
    },
    "escaped": { _ in false },
  ]

  private static let comparisons: [String: Comparison] = [
    "eq": .equal, "equalto": .equal, "==": .equal, "ne": .unequal, "!=": .unequal, "lt": .less, "lessthan": .less,
    "<": .less, "le": .lessOrEqual, "<=": .lessOrEqual, "gt": .greater, "greaterthan": .greater, ">": .greater,
    "ge": .greaterOrEqual, ">=": .greaterOrEqual,
  ]
}

extension Text {
  /// Python's `islower`: some letter has a case, and none is a capital.
  var isSmall: Bool {
    let scalars = string.unicodeScalars
    return scalars.contains { $0.properties.isLowercase }
      && !scalars.contains { $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter }
  }

  /// Python's `isupper`.
  var isCapital: Bool {
    let scalars = string.unicodeScalars
    return scalars.contains { $0.properties.isUppercase }
      && !scalars.contains { $0.properties.isLowercase || $0.properties.generalCategory == .titlecaseLetter }
  }
}
