extension Text {
  /// The number that Python's `int` reads; nil where it reads none.
  func pythonInteger(base: Int) -> Value? {
    guard base == 0 || (2...36).contains(base), var digits = asciiDigits?.lowercased() else { return nil }
    var sign = ""
    if let first = digits.first, first == "-" || first == "+" { sign = String(digits.removeFirst()) }
    var radix = base
    for (prefix, meant) in [("0x", 16), ("0o", 8), ("0b", 2)]
    where digits.hasPrefix(prefix) && (base == 0 || base == meant) {
      radix = meant
      digits.removeFirst(2)
      if digits.first == "_" { digits.removeFirst() }
    }
    if radix == 0 {
      if digits.first == "0", digits.contains(where: { $0 != "0" && $0 != "_" }) { return nil }
      radix = 10
    }
    guard let first = digits.first, first != "-", first != "+",
      let plain = Self.withoutUnderscores(digits, { $0.isLetter || $0.isNumber }),
      plain.allSatisfy({ $0.hexDigitValue.map { $0 < radix } ?? ($0.isLetter && Int(String($0), radix: radix) != nil) })
    else { return nil }
    if let value = Int(sign + plain, radix: radix) { return .integer(value) }
    return radix == 10 ? .largeInteger((sign == "-" ? "-" : "") + plain.drop { $0 == "0" }) : nil
  }

  /// The number that Python's `float` reads; nil where it reads none.
  var pythonFloat: Double? {
    guard let text = asciiDigits?.lowercased(), let plain = Self.withoutUnderscores(text, \.isNumber) else {
      return nil
    }
    let digits = plain.drop { $0 == "-" || $0 == "+" }
    let isSigned = plain.count - digits.count
    if isSigned > 1 { return nil }
    if !["inf", "infinity", "nan"].contains(digits) {
      guard digits.allSatisfy({ "0123456789.e+-".contains($0) }) else { return nil }
    }
    return Double(Self.completed(plain))
  }

  /// Python reads `.5` and `5.`.
  private static func completed(_ number: String) -> String {
    let sign = number.prefix { $0 == "-" || $0 == "+" }
    let rest = number.dropFirst(sign.count)
    let mantissa = rest.prefix { $0 != "e" }
    guard mantissa != "." else { return "" }
    let whole = mantissa.first == "." ? "0" + mantissa : String(mantissa)
    return sign + whole + (whole.last == "." ? "0" : "") + rest.dropFirst(mantissa.count)
  }

  /// The text without white space at its ends, its decimal digits as those of ASCII; nil where it has other characters.
  private var asciiDigits: String? {
    var text = ""
    for scalar in trimmed().string.unicodeScalars {
      if scalar.isASCII {
        text.unicodeScalars.append(scalar)
      } else if scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue {
        text += String(Int(value))
      } else {
        return nil
      }
    }
    return text
  }

  /// Underscores stand between digits, one at a time; nil where one stands elsewhere.
  private static func withoutUnderscores(_ digits: String, _ isDigit: (Character) -> Bool) -> String? {
    let parts = digits.split(separator: "_", omittingEmptySubsequences: false)
    for (left, right) in zip(parts, parts.dropFirst()) {
      guard let last = left.last, let first = right.first, isDigit(last), isDigit(first) else { return nil }
    }
    return parts.joined()
  }
}
