import Files

/// The documents of text, JSONL and delimited files, as a stream of pieces of text.
struct DocumentReader {
  /// What was read of a file.
  struct FileResult {
    let digest: String
    let skipped: SkippedRows
  }

  let files: [CorpusFile]
  let policy: RowErrorPolicy
  /// The column of a row that is its text.
  let textColumn: String

  /// Whether there are document boundaries at all: not in a corpus that is a single text file without marks.
  func hasBoundaries() throws(Failure) -> Bool {
    guard files.count == 1, files[0].format == .text else { return true }
    return try TextDocuments.hasMarks(files[0].path)
  }

  /// Reads one of the files; `body` gets its documents in order.
  func read(_ file: CorpusFile, _ body: (TextPiece) throws(Failure) -> Void) throws(Failure) -> FileResult {
    switch file.format {
    case .text:
      return FileResult(digest: try TextDocuments.read(file.path, body), skipped: SkippedRows())
    case .jsonl:
      let (digest, skipped) = try JSONTextDocuments.read(file, policy: policy, column: textColumn, body)
      return FileResult(digest: digest, skipped: skipped)
    case .csv, .tsv:
      let (digest, skipped) = try DelimitedDocuments.read(file, policy: policy, column: textColumn, body)
      return FileResult(digest: digest, skipped: skipped)
    case .shards, .uint16:
      preconditionFailure("\(file.path) holds tokens, not text")
    }
  }
}
