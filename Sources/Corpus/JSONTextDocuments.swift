import Files

/// JSONL for pretraining: each row is `{"text": ...}` and a document; other members are ignored. The text may have another name.
enum JSONTextDocuments {
  /// Reads the file once; `body` gets its documents in order. Rows with an empty text are no documents.
  static func read(
    _ path: String, policy: RowErrorPolicy, column: String, _ body: (TextPiece) throws(Failure) -> Void
  ) throws(Failure) -> (digest: String, skipped: SkippedRows) {
    try JSONLines.read(path, policy: policy) { (row, place) throws(Failure) in
      try TextCutter.pieces(of: Array(try text(of: row, column, at: place).utf8), body)
    }
  }

  private static func text(of row: JSONValue, _ column: String, at place: String) throws(Failure) -> String {
    guard let members = row.object else {
      throw Failure(.data, "the row is no JSON object", at: place, notes: ["expected {\"\(column)\": ...}"])
    }
    guard let value = row[column] else {
      let keys = members.map { "\"\($0.key)\"" }.joined(separator: ", ")
      throw Failure(
        .data, "the row has no \"\(column)\"", at: place,
        notes: ["found \(keys.isEmpty ? "no keys" : keys)"] + DelimitedDocuments.renaming(column))
    }
    guard let text = value.string else {
      throw Failure(
        .data, "the row's \"\(column)\" is no string", at: place, notes: ["expected {\"\(column)\": \"...\"}"])
    }
    return text
  }
}
