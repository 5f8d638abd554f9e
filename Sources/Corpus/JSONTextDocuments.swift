import Files

/// JSON for pretraining, a row a line or an array of rows: each is `{"text": ...}` and a document; other members are ignored.
/// The text may have another name.
enum JSONTextDocuments {
  /// Reads the file once; `body` gets its documents in order. Rows with an empty text are no documents. The result is the SHA-256
  /// of the file and the rows that `policy` let pass.
  static func read(
    _ file: CorpusFile, policy: RowErrorPolicy, column: String, _ body: (TextPiece) throws(Failure) -> Void
  ) throws(Failure) -> (digest: String, skipped: SkippedRows) {
    var skipped = SkippedRows()
    let digest = try ConversationFile.rows(of: file) { (row) throws(Failure) in
      do throws(Failure) {
        try TextCutter.pieces(of: Array(try text(of: row.value(), column, at: row.place).utf8), body)
      } catch {
        if policy == .stop || error.area != .data { throw error }
        skipped.add(error)
      }
    }
    return (digest, skipped)
  }

  private static let asText = "data.format=text trains on the file as it is, brackets and all"

  private static func text(of row: JSONValue, _ column: String, at place: String) throws(Failure) -> String {
    guard let members = row.object else {
      throw Failure(
        .data, "the row is no JSON object", at: place, notes: ["expected {\"\(column)\": ...}", asText])
    }
    guard let value = row[column] else {
      let keys = members.map { "\"\($0.key)\"" }.joined(separator: ", ")
      throw Failure(
        .data, "the row has no \"\(column)\"", at: place,
        notes: ["found \(keys.isEmpty ? "no keys" : keys)"] + DelimitedDocuments.renaming(column) + [asText])
    }
    guard let text = value.string else {
      throw Failure(
        .data, "the row's \"\(column)\" is no string", at: place,
        notes: [
          "expected {\"\(column)\": \"...\"}, found \(value.found)",
          "data.on_error = \"skip\" leaves out such rows",
        ])
    }
    return text
  }
}
