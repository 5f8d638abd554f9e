/// Numbers and strings (RFC 8259, sections 6 and 7).
extension JSONParser {
  // MARK: Numbers

  mutating func number() throws(Failure) -> JSONNumber {
    let start = index
    if current == UInt8(ascii: "-") { index += 1 }
    let leading = current
    let digits = try self.digits()
    if leading == UInt8(ascii: "0"), digits > 1 {
      index = start
      throw failure("a number with a leading zero")
    }
    var isInteger = true
    if current == UInt8(ascii: ".") {
      isInteger = false
      index += 1
      _ = try self.digits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isInteger = false
      index += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
      _ = try self.digits()
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if !isInteger || digits > 18 { try checkRange(of: text, from: start) }
    return JSONNumber(parsed: text)
  }

  private mutating func digits() throws(Failure) -> Int {
    let start = index
    while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
    if index == start { throw failure("expected a digit, found \(found)") }
    return index - start
  }

  private mutating func checkRange(of text: String, from start: Int) throws(Failure) {
    let value = Double(text) ?? .infinity
    let isZero = !text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains { $0 > 0x30 && $0 <= 0x39 }
    if value.isFinite, value != 0 || isZero { return }
    index = start
    let shown = text.utf8.count <= 40 ? text : "\(text.prefix(40))..."
    throw failure("the number \(shown) is too \(value.isFinite ? "small" : "large") for a 64-bit float")
  }

  // MARK: Strings

  mutating func string() throws(Failure) -> String {
    index += 1
    let start = index
    while let byte = current {
      if byte == UInt8(ascii: "\"") {
        defer { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
      try step(over: byte)
    }
    throw failure("the JSON text ends inside a string")
  }

  private mutating func escapedString(from start: Int) throws(Failure) -> String {
    var decoded = Array(bytes[start..<index])
    while let byte = current {
      if byte == UInt8(ascii: "\"") {
        index += 1
        return String(decoding: decoded, as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\") {
        decoded.append(contentsOf: UTF8.encode(try escape())!)
      } else {
        decoded.append(byte)
        try step(over: byte)
      }
    }
    throw failure("the JSON text ends inside a string")
  }

  private mutating func step(over byte: UInt8) throws(Failure) {
    if byte < 0x20 {
      throw failure("control character \(hexadecimal(byte)) inside a string", "write it as an escape, like \\n")
    }
    if byte & 0xC0 == 0x80 { lineStart += 1 }
    index += 1
  }

  private mutating func escape() throws(Failure) -> Unicode.Scalar {
    index += 1
    guard let byte = current else { throw failure("the JSON text ends inside a string") }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default:
      index -= 1
      throw failure("unknown escape: a backslash before \(found)")
    }
  }

  private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
    let first = try hexadecimalDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, bytes.dropFirst(index).starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
      index += 2
      let second = try hexadecimalDigits()
      if (0xDC00...0xDFFF).contains(second) {
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))!
      }
    }
    throw failure("half a surrogate pair in a string, which no Unicode text holds")
  }

  private mutating func hexadecimalDigits() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw failure("expected four hexadecimal digits after \\u, found \(found)")
      }
      value = value << 4 | UInt32(digit)
      index += 1
    }
    return value
  }
}
