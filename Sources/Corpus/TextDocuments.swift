import Files
import Glibc

/// Plain text: documents are separated by `<|endoftext|>`, and white space around them is dropped; a file without
/// a separator is one document, byte for byte. A byte order mark at the file's start is dropped.
enum TextDocuments {
  private static let mark = Array("<|endoftext|>".utf8)
  static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// Reads the file once; `body` gets its documents in order. The result is the SHA-256 of the file.
  ///
  /// - Throws: `.data` for text that is not UTF-8; what `body` throws.
  static func read(_ path: String, _ body: (TextPiece) throws(Failure) -> Void) throws(Failure) -> String {
    let isMarked = try hasMarks(path)
    var line = 1
    func check(_ piece: ArraySlice<UInt8>) throws(Failure) {
      try TextEncoding.check(piece, line: line, of: path)
      line += piece.count { $0 == UInt8(ascii: "\n") }
    }
    var reader = try SourceReader(path)
    var buffer: [UInt8] = []
    var document = Document(trimmed: isMarked)
    var isFirst = true
    while try reader.read(into: &buffer) {
      if isFirst, buffer.starts(with: byteOrderMark) { buffer.removeFirst(3) }
      isFirst = false
      var start = 0
      if isMarked {
        while let place = place(of: mark, in: buffer, from: start) {
          try check(buffer[start..<place])
          try document.end(with: buffer[start..<place], body)
          start = place + mark.count
        }
      }
      while let length = buffer[start...].withUnsafeBytes(TextCutter.cut) {
        try check(buffer[start..<start + length])
        try document.append(buffer[start..<start + length], body)
        start += length
      }
      buffer.removeFirst(start)
    }
    try check(buffer[...])
    try document.end(with: buffer[...], body)
    return try reader.finish()
  }

  /// Whether the file has a separator; reads up to the first one.
  static func hasMarks(_ path: String) throws(Failure) -> Bool {
    var reader = try SourceReader(path)
    var buffer: [UInt8] = []
    while try reader.read(into: &buffer) {
      if place(of: mark, in: buffer, from: 0) != nil { return true }
      buffer.removeFirst(max(0, buffer.count - mark.count + 1))
    }
    return false
  }

  private static func place(of pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    bytes.withUnsafeBytes { bytes in
      var place = start
      while place + pattern.count <= bytes.count {
        let rest = bytes.count - place - pattern.count + 1
        guard let found = memchr(bytes.baseAddress! + place, Int32(pattern[0]), rest) else { return nil }
        place = UnsafeRawPointer(found) - bytes.baseAddress!
        if memcmp(bytes.baseAddress! + place, pattern, pattern.count) == 0 { return place }
        place += 1
      }
      return nil
    }
  }

  /// The document that is being read.
  private struct Document {
    let trimmed: Bool
    private var hasBegun = false

    init(trimmed: Bool) { self.trimmed = trimmed }

    mutating func append(_ bytes: ArraySlice<UInt8>, _ body: (TextPiece) throws(Failure) -> Void) throws(Failure) {
      let bytes = trimmed && !hasBegun ? bytes.drop(while: \.isWhitespace) : bytes
      if bytes.isEmpty { return }
      hasBegun = true
      try body(TextPiece(bytes: Array(bytes), endsDocument: false))
    }

    mutating func end(with rest: ArraySlice<UInt8>, _ body: (TextPiece) throws(Failure) -> Void) throws(Failure) {
      var rest = rest
      if trimmed {
        if !hasBegun { rest = rest.drop(while: \.isWhitespace) }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
      }
      if hasBegun || !rest.isEmpty { try body(TextPiece(bytes: Array(rest), endsDocument: true)) }
      hasBegun = false
    }
  }
}

extension ArraySlice<UInt8> {
  /// The bytes without a byte order mark before them.
  var withoutByteOrderMark: ArraySlice<UInt8> { starts(with: TextDocuments.byteOrderMark) ? dropFirst(3) : self }
}
