import Files

/// A piece of a document's text, small enough to be encoded at once.
struct TextPiece: Sendable, Equatable {
  var bytes: [UInt8]
  /// Whether the document ends with this piece.
  var endsDocument: Bool
}

/// Cuts text into pieces where every pre-tokenizer cuts too, so that encoding the pieces is encoding the whole.
///
/// Such a cut is between an ASCII letter or digit and a space or line feed: no pre-token of GPT-2's, Llama 3's or
/// Qwen 2's pattern spans it. Text that has none for 16 MiB is cut between two characters.
enum TextCutter {
  static let pieceLength = 1 << 20
  static let longestPiece = 1 << 24

  /// Gives the pieces of a document to `body`; an empty one has none.
  static func pieces(of text: [UInt8], _ body: (TextPiece) throws(Failure) -> Void) throws(Failure) {
    var start = 0
    while let length = text[start...].withUnsafeBytes(Self.cut) {
      try body(TextPiece(bytes: Array(text[start..<start + length]), endsDocument: false))
      start += length
    }
    if start < text.count { try body(TextPiece(bytes: Array(text[start...]), endsDocument: true)) }
  }

  /// The length of the first piece of a text that continues after `bytes`; nil if more has to be read first.
  static func cut(in bytes: UnsafeRawBufferPointer) -> Int? {
    if bytes.count <= pieceLength { return nil }
    if let place = lastSafePlace(in: bytes, from: pieceLength) { return place }
    if let place = lastSafePlace(in: bytes, from: bytes.count - 1) { return place }
    if bytes.count < longestPiece + 64 { return nil }
    var place = longestPiece
    while place > longestPiece - 4, bytes[place] & 0xc0 == 0x80 { place -= 1 }
    return place
  }

  private static func lastSafePlace(in bytes: UnsafeRawBufferPointer, from upper: Int) -> Int? {
    var place = upper
    while place > 0 {
      let byte = bytes[place]
      if byte == 0x20 || byte == 0x0a, isAlphanumeric(bytes[place - 1]) { return place }
      place -= 1
    }
    return nil
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
  }
}
