import Files

/// Reads the regular expressions of pre-tokenizers: those of Oniguruma's syntax whose every construct has the meaning that
/// Oniguruma gives it. Any other construct is refused by its name.
struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var depth = 0

  private init(_ source: String) { scalars = Array(source.unicodeScalars) }

  static func parse(_ source: String) throws(PatternError) -> PatternNode {
    var parser = PatternParser(source)
    let node = try parser.alternatives(ignoringCase: false)
    if parser.index < parser.scalars.count { throw PatternError("an unmatched )") }
    if node.canBeEmpty { throw PatternError("a pattern that matches the empty text") }
    return node
  }

  private var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[index...].starts(with: wanted) else { return false }
    index += wanted.count
    return true
  }

  private mutating func alternatives(ignoringCase: Bool) throws(PatternError) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    if depth > 20 { throw PatternError("groups nested more than 20 deep") }
    var choices = [try sequence(ignoringCase)]
    while take("|") { choices.append(try sequence(ignoringCase)) }
    return choices.count == 1 ? choices[0] : .alternatives(choices)
  }

  private mutating func sequence(_ ignoringCase: Bool) throws(PatternError) -> PatternNode {
    var parts: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      parts.append(try quantified(atom(ignoringCase)))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func atom(_ ignoringCase: Bool) throws(PatternError) -> PatternNode {
    let scalar = scalars[index]
    switch scalar {
    case "(": return try group(ignoringCase)
    case "[": return .set(try bracket(ignoringCase))
    case "\\": return .set(try escape(ignoringCase))
    case "*", "+", "?", "{", "}", "]":
      throw PatternError("\(scalar) as itself")
    default: break
    }
    index += 1
    switch scalar {
    case ".": return .set(ScalarSet([0x0A...0x0A]).inverted)
    case "^": throw PatternError("the anchor ^")
    case "$": return .lineEnd
    default: return .set(try literal(scalar, ignoringCase))
    }
  }

  private mutating func group(_ ignoringCase: Bool) throws(PatternError) -> PatternNode {
    let node: PatternNode
    if take("(?:") {
      node = try alternatives(ignoringCase: ignoringCase)
    } else if take("(?i:") {
      node = try alternatives(ignoringCase: true)
    } else if take("(?=") {
      node = try lookahead(ignoringCase, isNegative: false)
    } else if take("(?!") {
      node = try lookahead(ignoringCase, isNegative: true)
    } else if scalars[index...].starts(with: "(?".unicodeScalars) {
      let name = String(String.UnicodeScalarView(scalars[index..<min(index + 4, scalars.count)]))
      throw PatternError("the group \(name)")
    } else {
      index += 1
      node = try alternatives(ignoringCase: ignoringCase)
    }
    guard take(")") else { throw PatternError("a ( without )") }
    return node
  }

  private mutating func lookahead(_ ignoringCase: Bool, isNegative: Bool) throws(PatternError) -> PatternNode {
    let node = try alternatives(ignoringCase: ignoringCase)
    guard node.isSimple else { throw PatternError("a repetition within a lookahead") }
    return .lookahead(node, isNegative: isNegative)
  }

  // MARK: Repetition

  private mutating func quantified(_ node: PatternNode) throws(PatternError) -> PatternNode {
    guard let (minimum, maximum, isInterval) = try repetition() else { return node }
    let isPossessive = !isInterval && take("+")
    if next == "+" || next == "*" || next == "{" { throw PatternError("a repeated repetition") }
    if next == "?" { throw PatternError("a lazy repetition") }
    if case .set(let set) = node {
      return .run(set, minimum: minimum, maximum: maximum, isPossessive: isPossessive)
    }
    if minimum == 0, maximum == 1, !isPossessive { return .optional(node) }
    throw PatternError("a repeated group")
  }

  private mutating func repetition() throws(PatternError) -> (minimum: Int, maximum: Int, isInterval: Bool)? {
    if take("?") { return (0, 1, false) }
    if take("*") { return (0, .max, false) }
    if take("+") { return (1, .max, false) }
    guard take("{") else { return nil }
    let first = number()
    let second = take(",") ? number() ?? (first == nil ? nil : .max) : first
    guard take("}"), let second, second >= first ?? 0, second > 0, second <= 100 || second == .max,
      first ?? 0 <= 100
    else { throw PatternError("an interval {n,m} of this kind") }
    return (first ?? 0, second, true)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = next?.value, (0x30...0x39).contains(digit), value ?? 0 < 1_000_000 {
      value = (value ?? 0) * 10 + Int(digit - 0x30)
      index += 1
    }
    return value
  }

  // MARK: Sets

  private func literal(_ scalar: Unicode.Scalar, _ ignoringCase: Bool) throws(PatternError) -> ScalarSet {
    var set = ScalarSet([scalar.value...scalar.value])
    guard ignoringCase else { return set }
    guard scalar.isASCII else { throw PatternError("\(scalar) in any case") }
    insertOtherCases(of: scalar.value...scalar.value, in: &set)
    return set
  }

  /// Adds the other cases of a range's letters. The long s is an s, the kelvin sign a k.
  private func insertOtherCases(of range: ClosedRange<UInt32>, in set: inout ScalarSet) {
    for value in range where (0x41...0x5A).contains(value & ~0x20) {
      set.insert((value ^ 0x20)...(value ^ 0x20))
      if value | 0x20 == 0x73 { set.insert(0x17F...0x17F) }
      if value | 0x20 == 0x6B { set.insert(0x212A...0x212A) }
    }
  }

  private mutating func bracket(_ ignoringCase: Bool) throws(PatternError) -> ScalarSet {
    depth += 1
    defer { depth -= 1 }
    if depth > 20 { throw PatternError("classes nested more than 20 deep") }
    index += 1
    let isComplement = take("^")
    if next == "]" { throw PatternError("an empty class") }
    var set = ScalarSet()
    while !take("]") {
      guard let scalar = next else { throw PatternError("a [ without ]") }
      if scalars[index...].starts(with: "[:".unicodeScalars) { throw PatternError("a POSIX class") }
      if scalars[index...].starts(with: "&&".unicodeScalars) { throw PatternError("&&, an intersection of classes") }
      if scalar == "[" {
        let inner = try bracket(ignoringCase)
        if inner.isComplement { throw PatternError("a complement within a class") }
        set.formUnion(inner)
        continue
      }
      try insertItem(in: &set, ignoringCase)
    }
    return isComplement ? set.inverted : set
  }

  /// A scalar, a range, or a class of one letter.
  private mutating func insertItem(in set: inout ScalarSet, _ ignoringCase: Bool) throws(PatternError) {
    let lower: UInt32
    if next == "\\" {
      if let value = try escapedScalar() {
        lower = value
      } else {
        return set.formUnion(try escapedClass(ignoringCase))
      }
    } else {
      lower = scalars[index].value
      index += 1
    }
    var upper = lower
    if next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" {
      index += 1
      if next == "[" { throw PatternError("a range that ends in a class") }
      if next == "\\" {
        guard let value = try escapedScalar() else { throw PatternError("a range that ends in a class") }
        upper = value
      } else {
        upper = scalars[index].value
        index += 1
      }
      if upper < lower { throw PatternError("an empty range") }
    }
    set.insert(lower...upper)
    if ignoringCase {
      if upper >= 0x80 { throw PatternError("a class beyond ASCII in any case") }
      insertOtherCases(of: lower...upper, in: &set)
    }
  }

  private mutating func escape(_ ignoringCase: Bool) throws(PatternError) -> ScalarSet {
    if let value = try escapedScalar() {
      guard let scalar = Unicode.Scalar(value) else { throw PatternError("an escape that is no scalar") }
      return try literal(scalar, ignoringCase)
    }
    return try escapedClass(ignoringCase, isAlone: true)
  }

  /// The scalar that an escape stands for; nil, and nothing taken, when it stands for a class.
  private mutating func escapedScalar() throws(PatternError) -> UInt32? {
    guard index + 1 < scalars.count else { throw PatternError("a \\ at the end") }
    let scalar = scalars[index + 1]
    switch scalar {
    case "s", "S", "d", "D", "w", "W", "p", "P": return nil
    case "r", "n", "t", "f", "v":
      index += 2
      return ["r": 0x0D, "n": 0x0A, "t": 0x09, "f": 0x0C, "v": 0x0B][scalar]
    case "x", "u": return try hexadecimal(scalar)
    default: break
    }
    guard scalar.isASCII, !scalar.properties.isAlphabetic, !(0x30...0x39).contains(scalar.value) else {
      throw PatternError("the escape \\\(scalar)")
    }
    index += 2
    return scalar.value
  }

  /// `\x41`, `\x{1F600}`, `\u4E00`
  private mutating func hexadecimal(_ kind: Unicode.Scalar) throws(PatternError) -> UInt32 {
    index += 2
    let isBraced = kind == "x" && take("{")
    let limit = isBraced ? 8 : kind == "x" ? 2 : 4
    var digits = ""
    while digits.utf8.count < limit, let digit = next, digit.properties.isASCIIHexDigit {
      digits.unicodeScalars.append(digit)
      index += 1
    }
    guard isBraced ? take("}") : digits.utf8.count == limit, let value = UInt32(digits, radix: 16),
      Unicode.Scalar(value) != nil, isBraced || kind == "u" || value < 0x80
    else { throw PatternError("the escape \\\(kind)\(digits)") }
    return value
  }

  /// `\w` outside brackets, where Oniguruma takes the powers and fractions below U+0100 for parts of words, too.
  private static let words: ScalarSet = {
    var set = ScalarSet([0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE])
    set.insert { _, _, isWord in isWord }
    return set
  }()

  /// A class of one letter, within brackets or alone.
  private mutating func escapedClass(_ ignoringCase: Bool, isAlone: Bool = false) throws(PatternError) -> ScalarSet {
    let letter = scalars[index + 1]
    index += 2
    var set = ScalarSet()
    switch letter {
    case "s": set.insert { _, isSpace, _ in isSpace }
    case "S": set.insert { _, isSpace, _ in !isSpace }
    case "d": set.insert { category, _, _ in category == 8 }
    case "D": set.insert { category, _, _ in category != 8 }
    case "w" where isAlone: set = Self.words
    case "W" where isAlone: set = Self.words.inverted
    case "w": set.insert { _, _, isWord in isWord }
    case "W": set.insert { _, _, isWord in !isWord }
    default:
      if ignoringCase { throw PatternError("\\\(letter) in any case") }
      let (categories, isNegative) = try property()
      set.insert { category, _, _ in categories.contains(category) != ((letter == "P") != isNegative) }
    }
    return set
  }

  /// `{Lu}`, `{^Lu}`
  private mutating func property() throws(PatternError) -> (categories: [UInt8], isNegative: Bool) {
    guard take("{") else { throw PatternError("\\p without {") }
    let isNegative = take("^")
    var name = ""
    while let scalar = next, scalar != "}" {
      name.unicodeScalars.append(scalar)
      index += 1
    }
    guard take("}"), let categories = ScalarClass.categories(named: name) else {
      throw PatternError("the property \\p{\(name)}")
    }
    return (categories, isNegative)
  }
}
