import Files

/// JSONL for pretraining: each row is `{"text": ...}` and a document; other members are ignored.
enum JSONTextDocuments {
  /// Reads the file once; `body` gets its documents in order. Rows with an empty text are no documents.
  static func read(
    _ path: String, policy: RowErrorPolicy, _ body: (TextPiece) throws(Failure) -> Void
  ) throws(Failure) -> (digest: String, skipped: SkippedRows) {
    try JSONLines.read(path, policy: policy) { (row, place) throws(Failure) in
      let text = Array(try text(of: row, at: place).utf8)
      var start = 0
      while let length = text[start...].withUnsafeBytes(TextCutter.cut) {
        try body(TextPiece(bytes: Array(text[start..<start + length]), endsDocument: false))
        start += length
      }
      if start < text.count { try body(TextPiece(bytes: Array(text[start...]), endsDocument: true)) }
    }
  }

  private static func text(of row: JSONValue, at place: String) throws(Failure) -> String {
    guard let members = row.object else {
      throw Failure(.data, "the row is no JSON object", at: place, notes: ["expected {\"text\": ...}"])
    }
    guard let value = row["text"] else {
      let keys = members.map { "\"\($0.key)\"" }.joined(separator: ", ")
      throw Failure(
        .data, "the row has no \"text\"", at: place,
        notes: ["found \(keys.isEmpty ? "no keys" : keys)", "pretraining reads {\"text\": ...}"])
    }
    guard let text = value.string else {
      throw Failure(.data, "the row's \"text\" is no string", at: place, notes: ["expected {\"text\": \"...\"}"])
    }
    return text
  }
}
