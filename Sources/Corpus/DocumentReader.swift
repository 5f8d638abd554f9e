import Files

/// The documents of text and JSONL files, as a stream of pieces of text.
struct DocumentReader {
  /// What was read of a file.
  struct FileResult {
    let digest: String
    let skipped: SkippedRows
  }

  let files: [CorpusFile]
  let policy: RowErrorPolicy

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
      let (digest, skipped) = try JSONTextDocuments.read(file.path, policy: policy, body)
      return FileResult(digest: digest, skipped: skipped)
    case .shards, .uint16:
      preconditionFailure("\(file.path) holds tokens, not text")
    }
  }
}
