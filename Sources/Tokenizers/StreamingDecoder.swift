/// Turns tokens into text as they come, never showing half a character.
///
/// Bytes that may still become a character are held back until the next tokens complete it. Bytes that cannot become one
/// are shown as U+FFFD, one for each maximal part of a sequence, exactly as decoding all bytes at once would show them.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipsSpecial: Bool
  private var pending: [UInt8] = []
  /// Whether the space that SentencePiece puts before a text may still come.
  private var awaitsSpace: Bool

  /// A decoder that leaves out special tokens when `skippingSpecial`. `beginsText` says that no text stands before the
  /// tokens.
  public init(_ tokenizer: Tokenizer, skippingSpecial: Bool = true, beginsText: Bool = false) {
    self.tokenizer = tokenizer
    skipsSpecial = skippingSpecial
    awaitsSpace = beginsText && tokenizer.preparation.stripping != .none
  }

  /// The text that token `id` completes; may be empty.
  public mutating func append(_ id: Int32) -> String {
    tokenizer.append(id, skippingSpecial: skipsSpecial, to: &pending)
    if awaitsSpace, !pending.isEmpty {
      awaitsSpace = false
      tokenizer.strip(&pending)
    }
    let complete = pending.count - Self.incompleteSuffix(of: pending)
    let text = String(decoding: pending[..<complete], as: UTF8.self)
    pending.removeFirst(complete)
    return text
  }

  /// What is left when no token follows: U+FFFD for a character that never became complete, else nothing.
  public mutating func finish() -> String {
    defer { pending.removeAll() }
    return String(decoding: pending, as: UTF8.self)
  }

  /// The number of bytes at the end that begin a well-formed sequence without completing it.
  private static func incompleteSuffix(of bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let first = bytes[bytes.count - length]
      if first & 0xC0 == 0x80 { continue }
      let needed = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
      if length >= needed { return 0 }
      return length == 1 || canFollow(first, bytes[bytes.count - length + 1]) ? length : 0
    }
    return 0
  }

  /// Whether `second` keeps a sequence that begins with `first` from being overlong, a surrogate or above U+10FFFF.
  private static func canFollow(_ first: UInt8, _ second: UInt8) -> Bool {
    switch first {
    case 0xE0: second >= 0xA0
    case 0xED: second < 0xA0
    case 0xF0: second >= 0x90
    case 0xF4: second < 0x90
    default: true
    }
  }
}
