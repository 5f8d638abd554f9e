/// Turns the bytes that a terminal sends into keys.
package struct KeyDecoder: Sendable {
  /// Whether text is being pasted, whose newlines end no line.
  private var isPasting = false
  /// Whether the last byte was a carriage return that was pasted: a line feed behind it ends the same line.
  private var isInLineEnd = false

  package init() {}

  /// The key that the next bytes are; nil at the end of input.
  ///
  /// - Parameter next: the next byte; nil if there is none, which with `isContinuing` it is only said of a byte that should
  ///   follow at once.
  package mutating func key(_ next: (_ isContinuing: Bool) -> UInt8?) -> Key? {
    guard let byte = next(false) else { return nil }
    let endsLine = isInLineEnd && byte == 0x0A
    isInLineEnd = isPasting && byte == 0x0D
    if endsLine { return .unknown }
    if byte == 0x1B { return sequence(next) }
    if isPasting, byte == 0x0D || byte == 0x0A { return .character("\n") }
    if let key = Self.controls[byte] { return key }
    if byte < 0x20 { return byte == 0x09 ? .character("\t") : .unknown }
    return Self.character(byte, next)
  }

  private static let controls: [UInt8: Key] = [
    0x01: .home, 0x02: .left, 0x03: .interrupt, 0x04: .endOfInput, 0x05: .end, 0x06: .right, 0x08: .backspace,
    0x0A: .enter, 0x0B: .deleteToEnd, 0x0C: .clearScreen, 0x0D: .enter, 0x0E: .down, 0x10: .up, 0x15: .deleteToStart,
    0x17: .deleteWord, 0x1A: .suspend, 0x7F: .backspace,
  ]

  /// A character of UTF-8, whose other bytes follow at once.
  private static func character(_ first: UInt8, _ next: (Bool) -> UInt8?) -> Key {
    let count = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    var bytes = [first]
    while bytes.count < count, let byte = next(true) { bytes.append(byte) }
    guard let text = String(validating: bytes, as: UTF8.self), let character = text.first else { return .unknown }
    return .character(character)
  }

  /// What follows an escape: `[` or `O`, numbers, and a letter or a tilde.
  private mutating func sequence(_ next: (Bool) -> UInt8?) -> Key {
    guard let kind = next(true) else { return .unknown }
    switch kind {
    case UInt8(ascii: "b"): return .wordLeft
    case UInt8(ascii: "f"): return .wordRight
    case 0x7F, 0x08: return .deleteWord
    case UInt8(ascii: "["), UInt8(ascii: "O"): break
    default: return .unknown
    }
    var numbers = ""
    while let byte = next(true) {
      if !(0x40...0x7E).contains(byte) {
        numbers.unicodeScalars.append(Unicode.Scalar(byte))
        continue
      }
      let word = numbers + String(Unicode.Scalar(byte))
      if word == "200~" || word == "201~" { isPasting = word == "200~" }
      return Self.sequences[word] ?? .unknown
    }
    return .unknown
  }

  private static let sequences: [String: Key] = [
    "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "1~": .home, "7~": .home, "4~": .end,
    "8~": .end, "3~": .delete, "1;5C": .wordRight, "1;5D": .wordLeft, "1;3C": .wordRight, "1;3D": .wordLeft,
    "5C": .wordRight, "5D": .wordLeft,
  ]
}
