/// The methods of Python's `str`.
enum TextMethods {
  /// The methods that are quick for long texts.
  private static let looksAtEnds: Set<String> = [
    "strip", "lstrip", "rstrip", "startswith", "endswith", "removeprefix", "removesuffix", "find", "index", "count",
  ]

  /// The result; nil for a method that is not supported, or an argument that is missing.
  static func call(
    _ name: String, of text: Text, _ arguments: inout CallArguments, _ interpreter: inout Interpreter
  ) throws(TemplateError) -> Value? {
    try interpreter.step(text.bytes.count / (looksAtEnds.contains(name) ? 64 : 2))
    try interpreter.allocate(text.bytes.count)
    if text.isMarkup {
      throw interpreter.failure("methods of a text that \"safe\" or \"escape\" made are not supported")
    }
    switch name {
    case "strip", "lstrip", "rstrip":
      let characters = try characters(&arguments, interpreter)
      return .string(
        characters.map { kept in
          text.trimmed(start: name != "rstrip", end: name != "lstrip") { kept.contains($0) }
        } ?? text.trimmed(start: name != "rstrip", end: name != "lstrip"))
    case "split", "rsplit": return try split(text, fromEnd: name == "rsplit", &arguments, interpreter)
    case "startswith", "endswith": return try hasEnd(text, name == "startswith", &arguments, interpreter)
    case "lower": return .string(text.lowercased)
    case "casefold": return text.bytes.allSatisfy { $0 < 0x80 } ? .string(text.lowercased) : nil
    case "upper": return .string(text.uppercased)
    case "capitalize": return .string(text.capitalized)
    case "title": return .string(text.titled)
    case "replace": return try replace(text, &arguments, &interpreter)
    case "join":
      guard let items = arguments.take("iterable") else { return nil }
      return .string(try interpreter.join(try interpreter.items(of: items), with: text))
    case "format": return .string(try interpreter.formatted(text, &arguments))
    default: return try more(name, of: text, &arguments, &interpreter)
    }
  }

  private static func more(
    _ name: String, of text: Text, _ arguments: inout CallArguments, _ interpreter: inout Interpreter
  ) throws(TemplateError) -> Value? {
    switch name {
    case "find", "rfind", "index", "rindex", "count":
      guard case .string(let part)? = arguments.take("sub") else { return nil }
      if name == "count" { return .integer(count(of: part, in: text)) }
      let place =
        name.hasPrefix("r")
        ? text.lastRange(of: part.bytes, before: text.bytes.count) : text.firstRange(of: part.bytes)
      guard let place else {
        if name.hasSuffix("index") { throw interpreter.failure("substring not found") }
        return .integer(-1)
      }
      return .integer(text[0..<place.lowerBound].count)
    case "removeprefix", "removesuffix":
      guard case .string(let part)? = arguments.take("part") else { return nil }
      if part.isEmpty { return .string(text) }
      if name == "removeprefix" {
        return .string(text.bytes.starts(with: part.bytes) ? text[part.bytes.count..<text.bytes.count] : text)
      }
      let start = text.bytes.count - part.bytes.count
      return .string(start >= 0 && text.bytes[start...].elementsEqual(part.bytes) ? text[0..<start] : text)
    case "partition", "rpartition":
      guard case .string(let part)? = arguments.take("sep"), !part.isEmpty else { return nil }
      let isFirst = name == "partition"
      let place = isFirst ? text.firstRange(of: part.bytes) : text.lastRange(of: part.bytes, before: text.bytes.count)
      let parts =
        place.map { [text[0..<$0.lowerBound], text[$0], text[$0.upperBound..<text.bytes.count]] }
        ?? (isFirst ? [text, Text(), Text()] : [Text(), Text(), text])
      return .tuple(Value.List(parts.map { .string($0) }))
    case "splitlines": return .list(lines(of: text).map { .string($0) })
    case "swapcase":
      return .string(
        text.mapScalars { scalar, _ in
          scalar.properties.isUppercase ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
        })
    default: return try justified(name, text, &arguments, &interpreter) ?? kind(name, of: text).map { .bool($0) }
    }
  }

  private static func characters(
    _ arguments: inout CallArguments, _ interpreter: Interpreter
  ) throws(TemplateError) -> Set<Unicode.Scalar>? {
    switch arguments.take("chars") {
    case nil, .null?: return nil
    case .string(let text): return Set(text.string.unicodeScalars)
    case .some: throw interpreter.failure("strip arg must be None or str")
    }
  }

  private static func hasEnd(
    _ text: Text, _ isStart: Bool, _ arguments: inout CallArguments, _ interpreter: Interpreter
  ) throws(TemplateError) -> Value? {
    func has(_ part: Text) -> Bool {
      isStart
        ? text.bytes.starts(with: part.bytes)
        : text.bytes.count >= part.bytes.count && text.bytes.suffix(part.bytes.count).elementsEqual(part.bytes)
    }
    switch arguments.take("prefix") {
    case .string(let part): return .bool(has(part))
    case .tuple(let parts):
      for case .string(let part) in parts.items where has(part) { return .bool(true) }
      return .bool(false)
    case let other:
      let name = isStart ? "startswith" : "endswith"
      throw interpreter.failure("\(name) first arg must be str or a tuple of str, not \(other?.typeName ?? "nothing")")
    }
  }

  private static func replace(
    _ text: Text, _ arguments: inout CallArguments, _ interpreter: inout Interpreter
  ) throws(TemplateError) -> Value? {
    guard case .string(let old)? = arguments.take("old"), case .string(let new)? = arguments.take("new") else {
      throw interpreter.failure("replace() takes two texts")
    }
    let most = arguments.take("count")?.integer
    return .string(try interpreter.replaced(text, old, new, atMost: most.flatMap { $0 < 0 ? nil : $0 }))
  }

  private static func count(of part: Text, in text: Text) -> Int {
    if part.isEmpty { return text.count + 1 }
    var count = 0
    var start = 0
    while let place = text.firstRange(of: part.bytes, from: start) {
      count += 1
      start = place.upperBound
    }
    return count
  }

  // MARK: Cutting

  private static func split(
    _ text: Text, fromEnd: Bool, _ arguments: inout CallArguments, _ interpreter: Interpreter
  ) throws(TemplateError) -> Value? {
    let separator = arguments.take("sep") ?? .null
    let wanted = arguments.take("maxsplit")?.integer ?? -1
    let most = wanted < 0 ? Int.max : wanted
    switch separator {
    case .null: return .list(words(text, fromEnd: fromEnd, most).map { .string($0) })
    case .string(let mark):
      if mark.isEmpty { throw interpreter.failure("empty separator") }
      return .list(parts(text, mark.bytes, fromEnd: fromEnd, most).map { .string($0) })
    default: throw interpreter.failure("must be str or None, not \(separator.typeName)")
    }
  }

  private static func parts(_ text: Text, _ mark: [UInt8], fromEnd: Bool, _ most: Int) -> [Text] {
    var parts: [Text] = []
    if fromEnd {
      var end = text.bytes.count
      while parts.count < most, let place = text.lastRange(of: mark, before: end) {
        parts.append(text[place.upperBound..<end])
        end = place.lowerBound
      }
      return (parts + [text[0..<end]]).reversed()
    }
    var start = 0
    while parts.count < most, let place = text.firstRange(of: mark, from: start) {
      parts.append(text[start..<place.lowerBound])
      start = place.upperBound
    }
    return parts + [text[start..<text.bytes.count]]
  }

  /// The words between white space; the last of them keeps the rest where there are more than `most` cuts.
  private static func words(_ text: Text, fromEnd: Bool, _ most: Int) -> [Text] {
    var ranges: [Range<Int>] = []
    var start: Int?
    for (scalar, range) in text.scalars {
      if scalar.isPythonSpace {
        if let first = start { ranges.append(first..<range.lowerBound) }
        start = nil
      } else if start == nil {
        start = range.lowerBound
      }
    }
    if let start { ranges.append(start..<text.bytes.count) }
    guard ranges.count > most else { return ranges.map { text[$0] } }
    if fromEnd {
      let kept = ranges.suffix(most)
      let rest = text[0..<(kept.first?.lowerBound ?? text.bytes.count)].trimmed(start: false)
      return [rest] + kept.map { text[$0] }
    }
    let kept = ranges.prefix(most)
    return kept.map { text[$0] } + [text[(kept.last?.upperBound ?? 0)..<text.bytes.count].trimmed(end: false)]
  }

  private static let lineEnds: Set<Unicode.Scalar> = [
    "\n", "\r", "\u{B}", "\u{C}", "\u{1C}", "\u{1D}", "\u{1E}", "\u{85}", "\u{2028}", "\u{2029}",
  ]

  /// The lines, without their ends.
  static func lines(of text: Text) -> [Text] {
    var lines: [Text] = []
    var start = 0
    var afterReturn = false
    for (scalar, range) in text.scalars {
      if scalar == "\n", afterReturn {
        start = range.upperBound
      } else if lineEnds.contains(scalar) {
        lines.append(text[start..<range.lowerBound])
        start = range.upperBound
      }
      afterReturn = scalar == "\r"
    }
    return start < text.bytes.count ? lines + [text[start..<text.bytes.count]] : lines
  }

  // MARK: Widths and kinds

  private static func justified(
    _ name: String, _ text: Text, _ arguments: inout CallArguments, _ interpreter: inout Interpreter
  ) throws(TemplateError) -> Value? {
    guard ["center", "ljust", "rjust", "zfill"].contains(name) else { return nil }
    guard let width = arguments.take("width")?.integer else { return nil }
    var fill = Text(name == "zfill" ? "0" : " ")
    if name != "zfill", let given = arguments.take("fillchar") {
      guard case .string(let text) = given, text.count == 1 else {
        throw interpreter.failure("the fill character must be exactly one character long")
      }
      fill = text
    }
    let room = max(0, width - text.count)
    try interpreter.allocate(room)
    try interpreter.allocate(room * (fill.bytes.count - 1))
    func fills(_ count: Int) -> Text {
      Text(Array(repeatElement(fill.bytes, count: count).joined()), mark: fill.firstMark)
    }
    switch name {
    case "ljust": return .string(text + fills(room))
    case "rjust": return .string(fills(room) + text)
    case "zfill":
      let hasSign = text.bytes.first == UInt8(ascii: "-") || text.bytes.first == UInt8(ascii: "+")
      return .string(text[0..<(hasSign ? 1 : 0)] + fills(room) + text[(hasSign ? 1 : 0)..<text.bytes.count])
    default:
      let left = room / 2 + (room & width & 1)
      return .string(fills(left) + text + fills(room - left))
    }
  }

  private static func kind(_ name: String, of text: Text) -> Bool? {
    let scalars = text.string.unicodeScalars
    func all(_ test: (Unicode.Scalar) -> Bool) -> Bool { !scalars.isEmpty && scalars.allSatisfy(test) }
    switch name {
    case "isalpha": return all(\.isPythonLetter)
    case "isdigit": return all { $0.properties.numericType == .decimal || $0.properties.numericType == .digit }
    case "isdecimal": return all { $0.properties.numericType == .decimal }
    case "isnumeric": return all { $0.properties.numericType != nil }
    case "isalnum": return all { $0.isPythonLetter || $0.properties.numericType != nil }
    case "isspace": return all(\.isPythonSpace)
    case "isascii": return scalars.allSatisfy(\.isASCII)
    case "islower": return text.isSmall
    case "isupper": return text.isCapital
    default: return nil
    }
  }
}

extension Unicode.Scalar {
  /// What `\w` stands for in Python's patterns.
  var isPythonWord: Bool { isPythonLetter || properties.numericType != nil || self == "_" }

  fileprivate var isPythonLetter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
}
