extension Value {
  /// Python's `str`: what `{{ }}` writes.
  var asText: Text {
    switch self {
    case .undefined: Text()
    case .string(let text): text
    default: representation(Mark.none)
    }
  }

  /// Python's `repr`. What stands around the texts has the origin of the list or dictionary, else `outer`.
  func representation(_ outer: Int32) -> Text {
    switch self {
    case .undefined: return Text("Undefined", origin: outer)
    case .null: return Text("None", origin: outer)
    case .bool(let value): return Text(value ? "True" : "False", origin: outer)
    case .integer(let value): return Text(String(value), origin: outer)
    case .largeInteger(let digits): return Text(digits, origin: outer)
    case .float(let value): return Text(value.pythonText, origin: outer)
    case .string(let text):
      if !text.isMarkup { return text.pythonLiteral }
      return Text("Markup(", origin: outer) + text.asMarkup(false).pythonLiteral + Text(")", origin: outer)
    case .list(let list):
      switch list.kind {
      case .plain, .group: return list.representation("[", "]", outer)
      case .range(let start, let end, let step): return Text("range(\(start), \(end)\(step == 1 ? "" : ", \(step)"))")
      case .view(let name): return Text("\(name)(") + list.representation("[", "]", outer) + Text(")")
      }
    case .generator: return Text("<generator object>")
    case .tuple(let list): return list.representation("(", list.items.count == 1 ? ",)" : ")", outer)
    case .dictionary(let dictionary): return dictionary.representation(outer)
    case .namespace(let namespace):
      let entries = namespace.attributes.map { (key: Value.string($0.name), value: $0.value) }
      return Text("<Namespace ") + Value.Dictionary(entries).representation(outer) + Text(">")
    case .loop(let loop): return Text("<LoopContext \(loop.index0 + 1)/\(loop.items.count)>")
    case .callable: return Text("<function>")
    }
  }
}

extension Value.List {
  fileprivate func representation(_ opening: String, _ closing: String, _ outer: Int32) -> Text {
    let origin = origin == Mark.none ? outer : origin
    var text = Text(opening, origin: origin)
    for (index, item) in items.enumerated() {
      if index > 0 { text.append(Text(", ", origin: origin)) }
      text.append(item.representation(origin))
    }
    text.append(Text(closing, origin: origin))
    return text
  }
}

extension Value.Dictionary {
  fileprivate func representation(_ outer: Int32) -> Text {
    let origin = origin == Mark.none ? outer : origin
    var text = Text("{", origin: origin)
    for (index, entry) in entries.enumerated() {
      if index > 0 { text.append(Text(", ", origin: origin)) }
      text.append(entry.key.representation(origin))
      text.append(Text(": ", origin: origin))
      text.append(entry.value.representation(origin))
    }
    text.append(Text("}", origin: origin))
    return text
  }
}

extension Text {
  /// Python's literal of the text: `'it'` or `"it's"`.
  fileprivate var pythonLiteral: Text {
    let quote: Unicode.Scalar = bytes.contains(0x27) && !bytes.contains(0x22) ? "\"" : "'"
    let body = mapScalars { scalar, _ in
      switch scalar {
      case "\\": return "\\\\"
      case "\n": return "\\n"
      case "\r": return "\\r"
      case "\t": return "\\t"
      case quote: return "\\\(quote)"
      default: return scalar.isPrintable ? String(scalar) : scalar.pythonEscape
      }
    }
    let mark = Text(String(quote)).marked { $0 = firstMark }
    return mark + body + mark
  }
}

extension Unicode.Scalar {
  /// What Python's `str.isprintable` says.
  fileprivate var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: self == " "
    default: true
    }
  }

  fileprivate var pythonEscape: String {
    func hex(_ width: Int) -> String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    if value < 0x100 { return "\\x\(hex(2))" }
    return value < 0x10000 ? "\\u\(hex(4))" : "\\U\(hex(8))"
  }
}

extension Double {
  /// Python's `repr`: the shortest digits that read back as the same number.
  var pythonText: String {
    if isNaN { return "nan" }
    if isInfinite { return self < 0 ? "-inf" : "inf" }
    if self == 0 { return sign == .minus ? "-0.0" : "0.0" }
    let parts = "\(magnitude)".split(separator: "e")
    var digits = String(parts[0].filter { $0 != "." })
    let point = parts[0].firstIndex(of: ".").map { parts[0].distance(from: parts[0].startIndex, to: $0) }
    var exponent = (point ?? parts[0].count) + (parts.count > 1 ? Int(parts[1])! : 0)
    let leading = digits.prefix { $0 == "0" }.count
    digits.removeFirst(leading)
    exponent -= leading
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    let number = Self.decimal(digits, exponent)
    return sign == .minus ? "-" + number : number
  }

  /// 0.`digits` x 10^`exponent` in Python's form.
  private static func decimal(_ digits: String, _ exponent: Int) -> String {
    if exponent > 16 || exponent < -3 {
      let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
      let power = abs(exponent - 1)
      return "\(digits.first!)\(fraction)e\(exponent < 1 ? "-" : "+")\(power < 10 ? "0" : "")\(power)"
    }
    if exponent <= 0 { return "0." + String(repeating: "0", count: -exponent) + digits }
    if digits.count <= exponent { return digits + String(repeating: "0", count: exponent - digits.count) + ".0" }
    return digits.prefix(exponent) + "." + digits.dropFirst(exponent)
  }
}
