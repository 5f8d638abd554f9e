/// A word or sign of an expression.
struct Token {
  enum Kind: Equatable {
    case name(String)
    case integer(Int)
    case largeInteger(String)
    case float(Double)
    case string(String)
    case sign(String)
  }
  let kind: Kind
  let position: Position
}

/// Cuts the inside of a tag into tokens, up to its end.
struct TokenScanner {
  enum End { case output, statement }
  /// How the tag ends.
  enum Ending { case plain, removesWhitespace, keepsNewline }

  let end: End
  private(set) var at: Int
  private(set) var ending = Ending.plain
  private let template: TemplateSource
  private var source: [UInt8] { template.bytes }
  /// The closing brackets that are due.
  private var open: [UInt8] = []

  private static let signs = [
    "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".",
    ":", "|", ",", ";",
  ]

  init(_ template: TemplateSource, at start: Int, end: End) {
    self.template = template
    self.end = end
    at = start
  }

  private func failure(_ message: String, at place: Int? = nil) -> TemplateError {
    template.error(.syntax, message, at: Position(place ?? at))
  }

  private func byte(_ offset: Int = 0) -> UInt8 { at + offset < source.count ? source[at + offset] : 0 }

  private func has(_ text: String, _ offset: Int = 0) -> Bool {
    source[min(at + offset, source.count)...].starts(with: text.utf8)
  }

  mutating func tokens() throws(TemplateError) -> [Token] {
    let start = at
    var tokens: [Token] = []
    while true {
      skipSpaces()
      if at >= source.count {
        throw failure("the tag has no end: \(end == .output ? "}}" : "%}")", at: max(0, start - 1))
      }
      if open.isEmpty, readEnd() { return tokens }
      let position = Position(at)
      tokens.append(Token(kind: try next(), position: position))
    }
  }

  private mutating func skipSpaces() {
    while at < source.count {
      if byte() == 0x20 || (0x09...0x0D).contains(byte()) {
        at += 1
      } else if byte() >= 0x80, let scalar = scalar(), scalar.isPythonSpace {
        at += UTF8.width(scalar)
      } else {
        return
      }
    }
  }

  private func scalar() -> Unicode.Scalar? {
    String(decoding: source[at..<min(at + 4, source.count)], as: UTF8.self).unicodeScalars.first
  }

  private mutating func readEnd() -> Bool {
    let mark = end == .output ? "}}" : "%}"
    for (sign, ending) in [("", Ending.plain), ("-", .removesWhitespace), ("+", .keepsNewline)]
    where has(sign + mark) && !(sign == "+" && end == .output) {
      at += sign.utf8.count + 2
      self.ending = ending
      return true
    }
    return false
  }

  private mutating func next() throws(TemplateError) -> Token.Kind {
    let first = byte()
    if first == 0x27 || first == 0x22 { return .string(try string(quote: first)) }
    if (0x30...0x39).contains(first) { return try number() }
    if let name = name() { return .name(name) }
    for sign in Self.signs where has(sign) {
      try balance(sign)
      at += sign.utf8.count
      return .sign(sign)
    }
    throw failure("unexpected character \"\(scalar().map(String.init) ?? "?")\"")
  }

  private mutating func balance(_ sign: String) throws(TemplateError) {
    switch sign {
    case "(": open.append(UInt8(ascii: ")"))
    case "[": open.append(UInt8(ascii: "]"))
    case "{": open.append(UInt8(ascii: "}"))
    case ")", "]", "}":
      guard let due = open.popLast() else { throw failure("unexpected \"\(sign)\"") }
      if due != sign.utf8.first {
        throw failure("unexpected \"\(sign)\", expected \"\(Unicode.Scalar(due))\"")
      }
    default: break
    }
  }

  private mutating func name() -> String? {
    let start = at
    while at < source.count, let scalar = scalar() {
      let isFirst = at == start
      let properties = scalar.properties
      guard scalar == "_" || (isFirst ? properties.isXIDStart : properties.isXIDContinue) else { break }
      at += UTF8.width(scalar)
    }
    return at > start ? String(decoding: source[start..<at], as: UTF8.self) : nil
  }

  private mutating func number() throws(TemplateError) -> Token.Kind {
    let start = at
    for (prefix, radix) in [("0b", 2), ("0o", 8), ("0x", 16)] where has(prefix) || has(prefix.uppercased()) {
      at += 2
      let digits = digits { $0.hexDigitValue.map { $0 < radix } ?? false }
      guard let value = Int(digits, radix: radix) else { throw failure("no number", at: start) }
      return .integer(value)
    }
    var text = digits(\.isWholeNumber)
    var isFloat = false
    if byte() == UInt8(ascii: "."), (0x30...0x39).contains(byte(1)) {
      at += 1
      text += "." + digits(\.isWholeNumber)
      isFloat = true
    }
    let signLength = byte(1) == UInt8(ascii: "-") || byte(1) == UInt8(ascii: "+") ? 1 : 0
    if byte() | 0x20 == UInt8(ascii: "e"), (0x30...0x39).contains(byte(1 + signLength)) {
      text += "e" + (byte(1) == UInt8(ascii: "-") ? "-" : "")
      at += 1 + signLength
      text += digits(\.isWholeNumber)
      isFloat = true
    }
    if isFloat { return .float(Double(text) ?? .infinity) }
    if text.count > 1, text.first == "0", text.contains(where: { $0 != "0" }) {
      throw failure("no number: \(text)", at: start)
    }
    return Int(text).map { .integer($0) } ?? .largeInteger(text)
  }

  /// Digits, with single underscores between them.
  private mutating func digits(_ isDigit: (Character) -> Bool) -> String {
    var text = ""
    while at < source.count {
      let character = Character(Unicode.Scalar(byte()))
      if byte() < 0x80, isDigit(character) {
        text.append(character)
        at += 1
      } else if byte() == 0x5F, byte(1) < 0x80, isDigit(Character(Unicode.Scalar(byte(1)))) {
        at += 1
      } else {
        break
      }
    }
    return text
  }

  private mutating func string(quote: UInt8) throws(TemplateError) -> String {
    let start = at
    at += 1
    let body = at
    while at < source.count, byte() != quote { at += byte() == 0x5C ? 2 : 1 }
    guard at < source.count else { throw failure("the text has no closing quote", at: start) }
    let bytes = source[body..<at]
    at += 1
    guard bytes.contains(0x5C) else { return String(decoding: bytes, as: UTF8.self) }
    guard let text = PythonEscapes.decoded(String(decoding: bytes, as: UTF8.self)) else {
      throw failure("the text has an invalid escape", at: start)
    }
    return text
  }
}

/// The escapes in Python's literals.
enum PythonEscapes {
  private static let simple: [Unicode.Scalar: Unicode.Scalar] = [
    "\\": "\\", "'": "'", "\"": "\"", "a": "\u{7}", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
    "v": "\u{B}",
  ]

  /// The text that is meant; nil where an escape is invalid.
  static func decoded(_ literal: String) -> String? {
    var result = String.UnicodeScalarView()
    var rest = literal.unicodeScalars[...]
    var high: UInt32?
    while let scalar = rest.popFirst() {
      guard scalar == "\\", let kind = rest.popFirst() else {
        result.append(scalar)
        continue
      }
      if kind == "\n" { continue }
      if let meant = simple[kind] {
        result.append(meant)
        continue
      }
      guard let value = number(kind, &rest) else { return nil }
      guard let value else {
        result.append(scalar)
        result.append(kind)
        continue
      }
      if (0xD800..<0xDC00).contains(value) {
        high = value
        continue
      }
      let low = value &- 0xDC00
      let whole = high.flatMap { low < 0x400 ? 0x10000 + ($0 - 0xD800) << 10 + low : nil } ?? value
      high = nil
      guard let meant = Unicode.Scalar(whole) else { return nil }
      result.append(meant)
    }
    return high == nil ? String(result) : nil
  }

  /// The number of an escape; an inner nil where `kind` begins none, an outer one where it is malformed.
  private static func number(_ kind: Unicode.Scalar, _ rest: inout Substring.UnicodeScalarView) -> UInt32?? {
    if ("0"..."7").contains(kind) {
      var digits = String(kind)
      while digits.count < 3, let next = rest.first, ("0"..."7").contains(next) {
        digits.unicodeScalars.append(next)
        rest.removeFirst()
      }
      return .some(UInt32(digits, radix: 8))
    }
    guard let width = ["x": 2, "u": 4, "U": 8][kind] else { return kind == "N" ? nil : .some(nil) }
    let digits = String(rest.prefix(width))
    guard digits.count == width, let value = UInt32(digits, radix: 16) else { return nil }
    rest.removeFirst(width)
    return .some(value)
  }
}
