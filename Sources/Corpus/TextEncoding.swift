import Files

/// Whether bytes are text in UTF-8, and what to do where they are not.
enum TextEncoding {
  /// Checks the beginning of a file.
  ///
  /// - Parameter isCut: whether the file goes on, so that a character may be cut off at the end.
  static func check(head: [UInt8], isCut: Bool, at path: String) throws(Failure) {
    guard let place = head.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }), !isCut || place < head.count - 3 else {
      return
    }
    let line = 1 + head[..<place].count { $0 == UInt8(ascii: "\n") }
    throw failure(at: "\(path):\(line)", path, Array(head[place...]))
  }

  /// Checks a piece of a file's text that no character crosses; `line` is the one that it begins in.
  static func check(_ piece: ArraySlice<UInt8>, line: Int, of path: String) throws(Failure) {
    guard let place = piece.withUnsafeBytes({ UTF8Bytes.firstInvalid(in: $0) }) else { return }
    let line = line + piece.prefix(place).count { $0 == UInt8(ascii: "\n") }
    throw failure(at: "\(path):\(line)", path, Array(piece.dropFirst(place)))
  }

  /// The failure of a file whose text is in another encoding; `found` begins with the first wrong byte.
  private static func failure(at place: String, _ path: String, _ found: [UInt8]) -> Failure {
    // Windows' encoding has letters and quotes where Latin-1 has control characters.
    let high = found.prefix(1 << 12).filter { $0 >= 0x80 }
    let (name, code) = high.contains { $0 < 0xa0 } ? ("Windows-1252", "cp1252") : ("Latin-1", "latin1")
    let byte = String(found.first ?? 0, radix: 16)
    // Of Latin letters few have accents; a text with other ones would become nonsense without an error.
    let letters = found.prefix(1 << 12).count { (0x61...0x7a).contains($0 | 0x20) }
    let isLatin = high.count <= 8 || high.count < letters
    return Failure(
      .data, "the text is not UTF-8", at: place,
      notes: [
        "byte 0x\(byte) begins no character of UTF-8: \(isLatin ? "it may be \(name)" : "its letters are no Latin ones")",
        isLatin
          ? "convert it: \(conversion(of: path, from: code))"
          : "convert it from its encoding (cp1251, shift_jis, gb18030, ...): \(conversion(of: path, from: "ENCODING"))",
      ])
  }

  /// The command that converts the file.
  static func conversion(of path: String, from code: String) -> String {
    let compression = try? SourceReader.compression(of: path)
    let name = compression == nil ? path : path.withoutCompression
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let target = parts.count > 1 ? (parts.dropLast() + ["utf8", parts.last!]).joined(separator: ".") : "\(name).utf8"
    let source = compression.map { "\($0.unpacking) \(path.shellWord) | iconv -f \(code) -t utf-8" }
    return "\(source ?? "iconv -f \(code) -t utf-8 \(path.shellWord)") > \(target.shellWord)"
  }
}
