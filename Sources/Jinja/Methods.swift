/// The methods of Python's values. Those that would change a value are refused, as in Jinja's immutable sandbox.
enum Methods {
  private static let texts: Set<String> = [
    "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format", "format_map",
    "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
    "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans", "partition",
    "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split",
    "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill",
  ]
  private static let dictionaries: Set<String> = [
    "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
  ]
  private static let lists: Set<String> = [
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort",
  ]
  private static let sequences: Set<String> = ["count", "index"]
  private static let views: Set<String> = ["isdisjoint", "mapping"]
  private static let numbers: Set<String> = ["as_integer_ratio", "conjugate", "imag", "real"]
  private static let integers: Set<String> = [
    "bit_count", "bit_length", "denominator", "from_bytes", "is_integer", "numerator", "to_bytes",
  ]
  private static let floats: Set<String> = ["fromhex", "hex", "is_integer"]
  private static let changing: Set<String> = [
    "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update",
  ]

  /// Whether a value has a method of that name.
  static func exist(_ name: String, for value: Value) -> Bool {
    switch value {
    case .string: texts.contains(name)
    case .dictionary: dictionaries.contains(name)
    case .list(let list): lists.contains(name) && list.kind == .plain || sequences.contains(name) && list.isRange
    case .tuple: sequences.contains(name)
    default: false
    }
  }

  /// Whether it is a method that would change a value.
  static func change(_ name: String, _ value: Value) -> Bool {
    changing.contains(name) && exist(name, for: value)
  }

  /// Whether Python's value has an attribute of that name that is neither here nor undefined.
  static func isOtherAttribute(_ name: String, of value: Value) -> Bool {
    switch value {
    case .bool, .integer, .largeInteger: integers.contains(name) || numbers.contains(name)
    case .float: floats.contains(name) || numbers.contains(name)
    case .list(let list):
      list.isRange ? ["start", "stop", "step"].contains(name) : list.kind != .plain && views.contains(name)
    case .generator: ["close", "send", "throw"].contains(name)
    case .callable(.stateful): ["current", "next", "reset", "sep", "used", "items", "pos"].contains(name)
    default: false
    }
  }

  static func call(
    _ name: String, of value: Value, _ arguments: inout CallArguments, _ interpreter: inout Interpreter
  ) throws(TemplateError) -> Value {
    let result: Value?
    switch value {
    case .string(let text): result = try TextMethods.call(name, of: text, &arguments, &interpreter)
    case .dictionary(let dictionary): result = call(name, of: dictionary, &arguments)
    case .list(let list), .tuple(let list): result = try call(name, of: list, &arguments, &interpreter)
    case .loop(let loop): return try call(name, of: loop, &arguments, interpreter)
    default: result = nil
    }
    if let result {
      try interpreter.finish(arguments, "\(name)()")
      return result
    }
    throw interpreter.failure("the method \(name) of '\(value.typeName)' is not supported")
  }

  private static func call(
    _ name: String, of dictionary: Value.Dictionary, _ arguments: inout CallArguments
  ) -> Value? {
    switch name {
    case "get":
      guard let key = arguments.take("key") else { return nil }
      let standard = arguments.take("default")
      return dictionary[key] ?? standard ?? .null
    case "items": return .list(Value.List(dictionary.pairs, origin: dictionary.origin, kind: .view("dict_items")))
    case "keys":
      return .list(
        Value.List(dictionary.entries.map(\.key), origin: dictionary.origin, kind: .view("dict_keys")))
    case "values":
      return .list(
        Value.List(dictionary.entries.map(\.value), origin: dictionary.origin, kind: .view("dict_values")))
    case "copy": return .dictionary(dictionary)
    default: return nil
    }
  }

  private static func call(
    _ name: String, of list: Value.List, _ arguments: inout CallArguments, _ interpreter: inout Interpreter
  ) throws(TemplateError) -> Value? {
    switch name {
    case "copy": return .list(list)
    case "count":
      try interpreter.step(list.items.count)
      guard let wanted = arguments.take("value") else { return nil }
      return .integer(list.items.count { $0.equals(wanted) })
    case "index":
      try interpreter.step(list.items.count)
      guard let wanted = arguments.take("value") else { return nil }
      guard let index = list.items.firstIndex(where: { $0.equals(wanted) }) else {
        throw interpreter.failure("the value is not in the list")
      }
      return .integer(index)
    default: return nil
    }
  }

  private static func call(
    _ name: String, of loop: Loop, _ arguments: inout CallArguments, _ interpreter: Interpreter
  ) throws(TemplateError) -> Value {
    let values = Array(arguments.positional)
    if name == "cycle" {
      if values.isEmpty { throw interpreter.failure("no items for cycling given") }
      return values[loop.index0 % values.count]
    }
    defer { loop.lastAsked = values }
    guard let last = loop.lastAsked, last.count == values.count else { return .bool(true) }
    return .bool(!zip(last, values).allSatisfy { $0.equals($1) })
  }
}

extension Value.Dictionary {
  /// The entries as tuples.
  var pairs: [Value] { entries.map { .tuple(Value.List([$0.key, $0.value], origin: $0.value.origin)) } }
}
