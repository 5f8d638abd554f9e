extension Interpreter {
  typealias Filter =
    @Sendable (inout Interpreter, Value, inout CallArguments) throws(TemplateError) -> Value

  /// Jinja2's filters by name; `tojson` is Hugging Face's.
  static let filters: [String: Filter] = [textFilters, numberFilters, listFilters].reduce(into: [:]) { all, some in
    all.merge(some) { _, _ in preconditionFailure("two filters of a name") }
  }

  /// What `value | name(arguments)` gives.
  mutating func filter(
    _ name: String, _ value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    if case .string(let text) = value, text.isMarkup, !Self.markupFilters.contains(name) {
      throw failure("the filter \"\(name)\" is not supported for a text that \"safe\" or \"escape\" made")
    }
    try step(value.weight / (Self.textChanges[name] == nil ? 4 : 2))
    if let change = Self.textChanges[name] {
      try finish(arguments, "the filter \"\(name)\"")
      return .string(change(try text(of: value)))
    }
    guard let filter = Self.filters[name] else { throw failure("no filter named \"\(name)\"", .syntax) }
    let result = try filter(&self, value, &arguments)
    try finish(arguments, "the filter \"\(name)\"")
    return result
  }

  /// Whether Jinja2 has a filter, be it one that is not supported here.
  static func isFilter(_ name: String) -> Bool {
    textChanges[name] != nil || filters[name] != nil || otherFilters.contains(name)
  }

  private static let otherFilters: Set<String> = [
    "filesizeformat", "forceescape", "pprint", "random", "slice", "striptags", "truncate", "urlize", "wordwrap",
    "xmlattr",
  ]

  /// Refuses an undefined value where a value is needed.
  func requireDefined(_ value: Value) throws(TemplateError) {
    if case .undefined(let hint) = value { throw failure(hint) }
  }

  func text(_ value: Value?, _ what: String) throws(TemplateError) -> Text {
    guard case .string(let text)? = value else { throw failure("\(what) must be a text") }
    return text
  }

  /// Filters that change a text and take no arguments.
  private static let textChanges: [String: @Sendable (Text) -> Text] = [
    "string": { $0 }, "safe": { $0.asMarkup() }, "upper": \.uppercased, "lower": \.lowercased,
    "capitalize": \.capitalized,
    "title": \.jinjaTitled, "escape": \.asEscapedMarkup, "e": \.asEscapedMarkup,
  ]

  /// Filters that make the same of a `Markup` as of another text, or leave it as it is.
  private static let markupFilters: Set<String> = [
    "string", "safe", "escape", "e", "tojson", "length", "count", "join", "default", "d", "wordcount", "replace",
    "list",
    "int", "float",
  ]

  private static let textFilters: [String: Filter] = [
    "trim": { (interpreter, value, arguments) throws(TemplateError) in
      let text = try interpreter.text(of: value)
      guard case .string(let characters)? = arguments.take("chars") else { return .string(text.trimmed()) }
      let kept = Set(characters.string.unicodeScalars)
      return .string(text.trimmed { kept.contains($0) })
    },
    "replace": { (interpreter, value, arguments) throws(TemplateError) in
      let old = try interpreter.text(arguments.take("old"), "what is replaced")
      let new = try interpreter.text(arguments.take("new"), "the replacement")
      let most = arguments.take("count")?.integer
      return .string(
        try interpreter.replaced(
          try interpreter.text(of: value).asMarkup(false), old, new, atMost: most.flatMap { $0 < 0 ? nil : $0 }))
    },
    "indent": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.indented(try interpreter.text(value, "what is indented"), &arguments)
    },
    "center": { (interpreter, value, arguments) throws(TemplateError) in
      if arguments.isEmpty { arguments.positional = [.integer(80)] }
      return try TextMethods.call("center", of: try interpreter.text(of: value), &arguments, &interpreter) ?? value
    },
    "format": { (interpreter, value, arguments) throws(TemplateError) in
      let values = Value.tuple(Value.List(Array(arguments.positional)))
      arguments.positional = []
      return .string(try interpreter.percentFormatted(try interpreter.text(of: value), values))
    },
    "wordcount": { (interpreter, value, _) throws(TemplateError) in
      let scalars = try interpreter.text(of: value).string.unicodeScalars
      return .integer(scalars.split { !$0.isPythonWord }.count)
    },
    "urlencode": { (interpreter, value, _) throws(TemplateError) in
      switch value {
      case .list, .tuple, .dictionary, .generator, .loop:
        throw interpreter.failure("urlencode of '\(value.typeName)' is not supported")
      default: return .string(try interpreter.text(of: value).percentEncoded)
      }
    },
    "tojson": { (interpreter, value, arguments) throws(TemplateError) in try interpreter.json(value, &arguments) },
  ]

  private static let numberFilters: [String: Filter] = [
    "int": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.asInteger(value, &arguments)
    },
    "float": { (interpreter, value, arguments) throws(TemplateError) in
      let standard = arguments.take("default") ?? .float(0)
      try interpreter.requireDefined(value)
      if case .string(let text) = value { return text.pythonFloat.map { .float($0) } ?? standard }
      return value.number.map { .float($0) } ?? standard
    },
    "abs": { (interpreter, value, _) throws(TemplateError) in
      if let integer = value.integer { return integer < 0 ? try interpreter.negated(value) : .integer(integer) }
      guard let number = value.number else {
        throw interpreter.failure("bad operand type for abs(): '\(value.typeName)'")
      }
      return .float(abs(number))
    },
    "round": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.rounded(value, &arguments)
    },
    "default": { (_, value, arguments) in standard(value, &arguments) },
    "d": { (_, value, arguments) in standard(value, &arguments) },
    "attr": { (interpreter, value, arguments) throws(TemplateError) in
      let name = try interpreter.text(arguments.take("name"), "the attribute")
      if case .dictionary = value { return .undefined("'dict object' has no attribute '\(name.string)'") }
      return try interpreter.attribute(name, of: value)
    },
  ]

  private static func standard(_ value: Value, _ arguments: inout CallArguments) -> Value {
    let standard = arguments.take("default_value") ?? .text("")
    let replacesFalse = arguments.take("boolean")?.isTrue ?? false
    if case .undefined = value { return standard }
    return replacesFalse && !value.isTrue ? standard : value
  }

  // MARK: Filters of more than a line

  private mutating func json(_ value: Value, _ arguments: inout CallArguments) throws(TemplateError) -> Value {
    var json = JSONText()
    json.escapesNonASCII = arguments.take("ensure_ascii")?.isTrue ?? false
    switch arguments.take("indent") {
    case .integer(let width)?:
      try allocate(max(0, width))
      json.indent = Text(String(repeating: " ", count: max(0, width)))
    case .string(let text)?: json.indent = text
    default: break
    }
    if json.indent != nil { json.itemSeparator = Text(",") }
    if let separators = arguments.take("separators"), separators.isTrue {
      let pair = try items(of: separators)
      guard pair.count == 2 else { throw failure("separators must be two texts") }
      (json.itemSeparator, json.keySeparator) = (try text(pair[0], "a separator"), try text(pair[1], "a separator"))
    }
    json.sortsKeys = arguments.take("sort_keys")?.isTrue ?? false
    try allocate(value.weight)
    let text: Text
    do throws(JSONTextError) { text = try json.text(of: value) } catch { throw failure(error.message) }
    try allocate(text.bytes.count)
    return .string(text)
  }

  private mutating func indented(_ text: Text, _ arguments: inout CallArguments) throws(TemplateError) -> Value {
    let width = arguments.take("width") ?? .integer(4)
    let first = arguments.take("first")?.isTrue ?? false
    let blank = arguments.take("blank")?.isTrue ?? false
    var margin = Text()
    if case .string(let given) = width {
      margin = given
    } else if let count = width.integer {
      try allocate(max(0, count))
      margin = Text(String(repeating: " ", count: max(0, count)))
    }
    var result = Text()
    let lines = TextMethods.lines(of: text + Text("\n"))
    for (index, line) in lines.enumerated() {
      try allocate(margin.bytes.count + line.bytes.count + 1)
      if index > 0 { result.append(Text("\n")) }
      if index == 0 ? first : blank || !line.isEmpty { result.append(margin) }
      result.append(line)
    }
    return .string(result)
  }

  private func asInteger(_ value: Value, _ arguments: inout CallArguments) throws(TemplateError) -> Value {
    let standard = arguments.take("default") ?? .integer(0)
    let base = arguments.take("base")?.integer ?? 10
    try requireDefined(value)
    if case .largeInteger = value { return value }
    if let integer = value.integer { return .integer(integer) }
    var number = value.number
    if case .string(let text) = value {
      if let integer = text.pythonInteger(base: base) { return integer }
      number = text.pythonFloat.flatMap { $0.isFinite ? $0 : nil }
    }
    guard let number, !number.isNaN else { return standard }
    guard let integer = Int(exactly: number.rounded(.towardZero)) else {
      throw failure("the number is beyond 64 bits", .limit)
    }
    return .integer(integer)
  }

  private func rounded(_ value: Value, _ arguments: inout CallArguments) throws(TemplateError) -> Value {
    let precision = arguments.take("precision")?.integer ?? 0
    let method = arguments.take("method")?.asText.string ?? "common"
    guard let number = value.number else { throw failure("'\(value.typeName)' cannot be rounded") }
    guard let rule = ["common": .toNearestOrEven, "ceil": .up, "floor": .down][method] as FloatingPointRoundingRule?
    else { throw failure("method must be common, ceil or floor") }
    if method == "common" {
      if let integer = value.integer, precision >= 0 { return .integer(integer) }
      guard (0...17).contains(precision) else { throw failure("a precision of \(precision) is not supported") }
      return .float(number.roundedDecimally(precision))
    }
    guard (0...17).contains(precision) else { throw failure("a precision of \(precision) is not supported") }
    let scale = (0..<precision).reduce(1.0) { scale, _ in scale * 10 }
    return .float((number * scale).rounded(rule) / scale)
  }
}

extension Text {
  fileprivate var asEscapedMarkup: Text { isMarkup ? self : escapedForHTML.asMarkup() }

  /// MarkupSafe's escapes.
  var escapedForHTML: Text {
    mapScalars { scalar, _ in
      ["&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", "\"": "&#34;"][scalar] ?? String(scalar)
    }
  }

  fileprivate var percentEncoded: Text {
    mapScalars { scalar, _ in
      let isKept = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      if isKept || ["_", ".", "-", "~", "/"].contains(scalar) { return String(scalar) }
      return String(scalar).utf8.map { ($0 < 16 ? "%0" : "%") + String($0, radix: 16, uppercase: true) }.joined()
    }
  }

  /// Jinja2's `title`, whose words are cut at white space, hyphens and opening brackets.
  fileprivate var jinjaTitled: Text {
    func isBreak(_ scalar: Unicode.Scalar) -> Bool {
      scalar.isPythonSpace || ["-", "(", "{", "[", "<"].contains(scalar)
    }
    var result = Text()
    var rest = scalars[...]
    while let first = rest.first {
      let word = rest.prefix { isBreak($0.scalar) == isBreak(first.scalar) }
      rest = rest.dropFirst(word.count)
      result.append(self[first.range].uppercased)
      result.append(self[first.range.upperBound..<word.last!.range.upperBound].lowercased)
    }
    return result
  }
}
