import Foundation

extension Interpreter {
  /// `'...%s...' % values`, Python's formatting.
  mutating func percentFormatted(_ format: Text, _ values: Value) throws(TemplateError) -> Text {
    var rest: ArraySlice<Value> = [values]
    if case .tuple(let list) = values { rest = list.items[...] }
    var result = Text()
    var start = 0
    while let place = format.firstRange(of: [UInt8(ascii: "%")], from: start) {
      result.append(format[start..<place.lowerBound])
      var end = place.upperBound
      while end < format.bytes.count, ".0123456789".utf8.contains(format.bytes[end]) { end += 1 }
      guard end < format.bytes.count else { throw failure("incomplete format") }
      let width = String(decoding: format.bytes[place.upperBound..<end], as: UTF8.self)
      let kind = format.bytes[end]
      start = end + 1
      if kind == UInt8(ascii: "%"), width.isEmpty {
        result.append(format[end..<start])
        continue
      }
      guard let value = rest.popFirst() else { throw failure("not enough arguments for format string") }
      result.append(try converted(value, kind, width))
    }
    // Python takes a value with places or names for a mapping, of which not everything has to be used.
    if !rest.isEmpty, !["dict", "list", "range", "Undefined"].contains(values.typeName) {
      throw failure("not all arguments converted during string formatting")
    }
    result.append(format[start..<format.bytes.count])
    try allocate(result.bytes.count)
    return result
  }

  private mutating func converted(_ value: Value, _ kind: UInt8, _ width: String) throws(TemplateError) -> Text {
    if case .undefined(let hint) = value, kind != UInt8(ascii: "s") { throw failure(hint) }
    switch (kind, width) {
    case (UInt8(ascii: "s"), ""): return try text(of: value)
    case (UInt8(ascii: "r"), ""):
      try allocate(value.weight)
      return value.representation(Mark.none)
    case (UInt8(ascii: "d"), ""), (UInt8(ascii: "i"), ""):
      if case .largeInteger(let digits) = value { return Text(digits) }
      guard let number = value.number, number.isFinite, abs(number) < 9e18 else {
        throw failure("%d format: a real number is required, not \(value.typeName)")
      }
      return Text(String(value.integer ?? Int(number)))
    case (UInt8(ascii: "d"), _), (UInt8(ascii: "f"), _):
      guard let number = value.number, width.count < 4, !width.hasSuffix(".") || kind == UInt8(ascii: "f") else {
        break
      }
      if kind == UInt8(ascii: "f") { return Text(String(format: "%\(width)f", number)) }
      guard let integer = value.integer, !width.contains(".") else { break }
      return Text(String(format: "%\(width)ld", integer))
    default: break
    }
    throw failure("the format %\(width)\(Unicode.Scalar(kind)) is not supported")
  }

  /// `'...{}...'.format(values)`, without format specifications.
  mutating func formatted(_ format: Text, _ arguments: inout CallArguments) throws(TemplateError) -> Text {
    let positional = Array(arguments.positional)
    let named = arguments.named
    (arguments.positional, arguments.named) = ([], [])
    var result = Text()
    var next = 0
    var at = 0
    while at < format.bytes.count {
      let byte = format.bytes[at]
      guard byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") else {
        let end = format.bytes[at...].firstIndex { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }
        result.append(format[at..<(end ?? format.bytes.count)])
        at = end ?? format.bytes.count
        continue
      }
      if at + 1 < format.bytes.count, format.bytes[at + 1] == byte {
        result.append(format[at..<at + 1])
        at += 2
        continue
      }
      guard byte == UInt8(ascii: "{"), let end = format.firstRange(of: [UInt8(ascii: "}")], from: at) else {
        throw failure("single '\(Unicode.Scalar(byte))' encountered in format string")
      }
      let name = format[at + 1..<end.lowerBound].string
      at = end.upperBound
      let value: Value?
      if name.isEmpty {
        value = next < positional.count ? positional[next] : nil
        next += 1
      } else if let index = Int(name) {
        value = positional.indices.contains(index) ? positional[index] : nil
      } else if name.unicodeScalars.allSatisfy({ $0 == "_" || $0.properties.isXIDContinue }) {
        value = named.first { $0.name == name }?.value
      } else {
        throw failure("the replacement field {\(name)} is not supported")
      }
      guard let value else { throw failure("no argument for the replacement field {\(name)}") }
      result.append(try text(of: value))
    }
    try allocate(result.bytes.count)
    return result
  }

  /// The items' texts with `separator` between them.
  mutating func join(_ items: [Value], with separator: Text) throws(TemplateError) -> Text {
    var result = Text()
    for (index, item) in items.enumerated() {
      guard case .string(let text) = item else {
        throw failure("sequence item \(index): expected str instance, \(item.typeName) found")
      }
      try allocate(text.bytes.count + separator.bytes.count)
      if index > 0 { result.append(separator) }
      result.append(text)
    }
    return result
  }

  /// `text` with `new` in the place of `old`, at most so many times.
  mutating func replaced(_ text: Text, _ old: Text, _ new: Text, atMost most: Int?) throws(TemplateError) -> Text {
    let most = most ?? .max
    var result = Text()
    var count = 0
    if old.isEmpty {
      for (_, range) in text.scalars where true {
        if count < most { result.append(new) }
        count += 1
        try allocate(new.bytes.count + range.count)
        result.append(text[range])
      }
      if count < most { result.append(new) }
      return result
    }
    var start = 0
    while count < most, let place = text.firstRange(of: old.bytes, from: start) {
      try allocate(new.bytes.count + place.lowerBound - start)
      result.append(text[start..<place.lowerBound])
      result.append(new)
      start = place.upperBound
      count += 1
    }
    result.append(text[start..<text.bytes.count])
    return result
  }
}
