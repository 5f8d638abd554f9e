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

/// The text that a tokenizer is trained on.
public enum CorpusText {
  /// Reads the documents of the files that `patterns` name, in pieces of at most about a megabyte that begin and end
  /// where a pre-tokenizer cuts. Nothing is held in memory but the piece.
  ///
  /// - Throws: `Failure` of area `.data` when a file is missing, no text, or has a bad row; what `body` throws.
  public static func read(
    _ patterns: [String], format: CorpusFormat? = nil, onError policy: RowErrorPolicy = .stop,
    _ body: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    let files = try CorpusFile.resolve(patterns, format: format)
    if let shard = files.first(where: \.format.holdsTokens) {
      throw Failure(
        .data, "a tokenizer cannot be trained on token shards", at: shard.path,
        notes: ["give data.train text or JSONL, or take the tokenizer of the shards with tokenizer.from"])
    }
    let reader = DocumentReader(files: files, policy: policy)
    for file in files {
      _ = try reader.read(file) { (piece) throws(Failure) in
        if !piece.bytes.isEmpty { try body(piece.bytes) }
      }
    }
  }
}
