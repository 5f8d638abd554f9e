/// A part of a template: its own text, or a tag.
enum TemplatePart {
  /// Text to write, after white space control.
  case text([UInt8])
  /// `{{ ... }}`
  case output([Token], Position)
  /// `{% ... %}`
  case statement([Token], Position)
}

/// Cuts a template into text and tags, with `trim_blocks` and `lstrip_blocks` (Jinja2's lexer).
struct Lexer {
  private let template: TemplateSource
  private var source: [UInt8] { template.bytes }
  private var at = 0
  private var parts: [TemplatePart] = []
  /// Whether text that follows is at the beginning of a line.
  private var isAtLineStart = true

  private init(_ template: TemplateSource) { self.template = template }

  static func parts(of template: TemplateSource) throws(TemplateError) -> [TemplatePart] {
    var lexer = Lexer(template)
    while lexer.at < lexer.source.count { try lexer.readPart() }
    return lexer.parts
  }

  private func has(_ text: StaticString, at place: Int) -> Bool {
    let count = text.utf8CodeUnitCount
    guard place + count <= source.count else { return false }
    return text.withUTF8Buffer { $0.elementsEqual(source[place..<place + count]) }
  }

  private mutating func readPart() throws(TemplateError) {
    let start = at
    var opening = at
    while opening < source.count, !(source[opening] == 0x7B && isTag(opening)) { opening += 1 }
    var end = opening
    guard opening < source.count else { return append(start..<end) }
    let position = Position(opening)
    let kind = source[opening + 1]
    let sign = opening + 2 < source.count ? source[opening + 2] : 0
    end = textEnd(start..<opening, sign: sign, isOutput: kind == UInt8(ascii: "{"))
    append(start..<end)
    at = opening + 2 + (sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? 1 : 0)
    switch kind {
    case UInt8(ascii: "#"): try skipComment(position)
    case UInt8(ascii: "{"):
      var scanner = TokenScanner(template, at: at, end: .output)
      parts.append(.output(try scanner.tokens(), position))
      finish(scanner)
    default:
      if let body = rawBody(at) {
        try readRaw(from: body, position)
      } else {
        var scanner = TokenScanner(template, at: at, end: .statement)
        parts.append(.statement(try scanner.tokens(), position))
        finish(scanner)
      }
    }
    isAtLineStart = at > 0 && source[at - 1] == 0x0A
  }

  private func isTag(_ place: Int) -> Bool {
    place + 1 < source.count && [UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "#")].contains(source[place + 1])
  }

  /// Where the text before a tag ends: `-` takes all white space off it, and a tag that begins its line the white space
  /// before it on that line.
  private func textEnd(_ range: Range<Int>, sign: UInt8, isOutput: Bool) -> Int {
    if sign == UInt8(ascii: "-") {
      return range.lowerBound + Text(Array(source[range])).trimmed(start: false).bytes.count
    }
    if sign == UInt8(ascii: "+") || isOutput { return range.upperBound }
    let line = source[range].lastIndex(of: 0x0A).map { $0 + 1 } ?? range.lowerBound
    guard line > range.lowerBound || isAtLineStart else { return range.upperBound }
    return Text(Array(source[line..<range.upperBound])).trimmed().isEmpty ? line : range.upperBound
  }

  private mutating func append(_ range: Range<Int>) {
    at = range.upperBound
    if !range.isEmpty { parts.append(.text(Array(source[range]))) }
  }

  private mutating func finish(_ scanner: TokenScanner) {
    at = scanner.at
    switch scanner.ending {
    case .removesWhitespace: skipWhitespace()
    case .plain where scanner.end == .statement: if has("\n", at: at) { at += 1 }
    default: break
    }
  }

  private mutating func skipWhitespace() {
    while at < source.count {
      let end: Int = source[at...].dropFirst().firstIndex { $0 & 0xC0 != 0x80 } ?? source.count
      guard let scalar = String(decoding: source[at..<end], as: UTF8.self).unicodeScalars.first, scalar.isPythonSpace
      else { return }
      at = end
    }
  }

  private mutating func skipComment(_ position: Position) throws(TemplateError) {
    guard let end = (at..<source.count).first(where: { has("#}", at: $0) }) else {
      throw template.error(.syntax, "the comment has no end: #}", at: position)
    }
    let sign = end > at ? source[end - 1] : 0
    at = end + 2
    if sign == UInt8(ascii: "-") {
      skipWhitespace()
    } else if sign != UInt8(ascii: "+"), has("\n", at: at) {
      at += 1
    }
  }

  /// Where the text after `raw` begins, nil when the statement at `place` is another.
  private func rawBody(_ place: Int) -> Int? {
    var place = skippingSpaces(place)
    guard has("raw", at: place) else { return nil }
    place = skippingSpaces(place + 3)
    if has("-%}", at: place) { return skippingSpaces(place + 3) }
    return has("%}", at: place) ? place + 2 : nil
  }

  private func skippingSpaces(_ place: Int) -> Int {
    var place = place
    while place < source.count, source[place] == 0x20 || (0x09...0x0D).contains(source[place]) { place += 1 }
    return place
  }

  private mutating func readRaw(from body: Int, _ position: Position) throws(TemplateError) {
    isAtLineStart = source[body - 1] == 0x0A
    var place = body
    while place < source.count {
      defer { place += 1 }
      guard has("{%", at: place) else { continue }
      let sign = place + 2 < source.count ? source[place + 2] : 0
      let isSigned = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+")
      var end = skippingSpaces(place + (isSigned ? 3 : 2))
      guard has("endraw", at: end) else { continue }
      end = skippingSpaces(end + 6)
      let closing = end
      if has("-%}", at: end) || has("+%}", at: end) {
        end += 3
      } else if has("%}", at: end) {
        end += 2
      } else {
        continue
      }
      append(body..<textEnd(body..<place, sign: sign, isOutput: false))
      at = end
      if source[closing] == UInt8(ascii: "-") {
        skipWhitespace()
      } else if source[closing] != UInt8(ascii: "+"), has("\n", at: at) {
        at += 1
      }
      return
    }
    throw template.error(.syntax, "the raw text has no end: {% endraw %}", at: position)
  }
}

/// A template's text, with its line ends as line feeds, which tells where its errors are.
struct TemplateSource: Sendable {
  let bytes: [UInt8]

  /// A line feed at the end of the text is left out.
  init(_ text: String) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var afterReturn = false
    for byte in text.utf8 {
      if !(byte == 0x0A && afterReturn) { bytes.append(byte == 0x0D ? 0x0A : byte) }
      afterReturn = byte == 0x0D
    }
    if bytes.last == 0x0A { bytes.removeLast() }
    self.bytes = bytes
  }

  func error(_ kind: TemplateError.Kind, _ message: String, at position: Position) -> TemplateError {
    let before = bytes[..<min(Int(position.offset), bytes.count)]
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
    let column = before[lineStart...].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
    return TemplateError(kind, message, line: line, column: column)
  }
}
