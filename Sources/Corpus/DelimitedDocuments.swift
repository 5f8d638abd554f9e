import Files

/// Delimited values for pretraining: the column `text` of each record is a document; other columns are ignored.
enum DelimitedDocuments {
  /// Reads the file once; `body` gets its documents in order. Records with an empty text are no documents.
  ///
  /// - Throws: `.data` for a file without the column, and, as `policy` says, for records of another length than the header.
  static func read(
    _ file: CorpusFile, policy: RowErrorPolicy, column name: String, _ body: (TextPiece) throws(Failure) -> Void
  ) throws(Failure) -> (digest: String, skipped: SkippedRows) {
    guard let separator = file.format.separator else { preconditionFailure("\(file.path) has no columns") }
    var rows = try DelimitedRows(file.path, separator: separator)
    guard let column = rows.columns.firstIndex(of: name) else { throw noText(name, rows.columns, file.path) }
    var skipped = SkippedRows()
    while let row = try rows.next() {
      switch row.fields {
      case .success(let fields): try TextCutter.pieces(of: Array(fields[column].utf8), body)
      case .failure(let failure):
        if policy == .stop { throw failure }
        skipped.add(failure)
      }
    }
    return (try rows.finish(), skipped)
  }

  private static func noText(_ name: String, _ columns: [String], _ path: String) -> Failure {
    let found = columns.filter { !$0.isEmpty }.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ")
    return Failure(
      .data, "the header has no column \"\(name)\"", at: "\(path):1", notes: ["found \(found)"] + renaming(name))
  }

  /// What to do where rows have no column of this name.
  static func renaming(_ name: String) -> [String] {
    name == "text"
      ? ["pretraining reads {\"text\": ...}; data.fields={\"text\": \"NAME\"} says what it is called"]
      : ["data.fields says that the text is called so"]
  }
}
