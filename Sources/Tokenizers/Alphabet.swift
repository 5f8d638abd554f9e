/// The symbols that merging begins with, and how files spell the tokens made of them.
enum Alphabet: Sendable {
  /// Every byte is a symbol, and is spelled as one of GPT-2's characters (`Ġthe`).
  case bytes
  /// SentencePiece's way: the characters of the vocabulary are symbols, with U+2581 for a space (`▁the`). The bytes of
  /// other characters are tokens of their own (`<0xE2>`), which nothing merges with.
  case characters

  /// What messages call it.
  var name: String { self == .bytes ? "the byte alphabet" : "SentencePiece's alphabet" }

  private static let space: Unicode.Scalar = "\u{2581}"

  /// How files spell the token with these bytes.
  func text(of bytes: some Sequence<UInt8>) -> String {
    switch self {
    case .bytes: return ByteAlphabet.text(of: bytes)
    case .characters:
      var text = String.UnicodeScalarView()
      for scalar in String(decoding: Array(bytes), as: UTF8.self).unicodeScalars {
        text.append(scalar == " " ? Self.space : scalar)
      }
      return String(text)
    }
  }

  /// The bytes of the token that files spell `text`, nil when it is not written in this alphabet.
  func bytes(of text: String) -> [UInt8]? {
    switch self {
    case .bytes: return ByteAlphabet.bytes(of: text)
    case .characters:
      var bytes: [UInt8] = []
      for scalar in text.unicodeScalars {
        if scalar == " " { return nil }
        if scalar == Self.space { bytes.append(0x20) } else { bytes += UTF8.encode(scalar)! }
      }
      return bytes
    }
  }

  /// Whether `text` spells what merging begins with.
  func isSymbol(_ text: String) -> Bool {
    switch self {
    case .bytes: ByteAlphabet.bytes(of: text)?.count == 1
    case .characters: text.unicodeScalars.count == 1
    }
  }

  /// `<0xE2>`
  static func text(ofByte byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
  }

  /// The byte that a token spelled `text` stands for, nil for any other token.
  static func byte(ofToken text: String) -> UInt8? {
    let bytes = Array(text.utf8)
    guard bytes.count == 6, bytes.starts(with: Array("<0x".utf8)), bytes[5] == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: bytes[3...4], as: UTF8.self), radix: 16)
  }
}
