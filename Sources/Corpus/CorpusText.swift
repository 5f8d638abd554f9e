import Files

/// The text that a tokenizer is trained on.
public enum CorpusText {
  /// Reads the documents of the files that `patterns` name, in pieces of at most about a megabyte that begin and end
  /// where a pre-tokenizer cuts. Only one piece is in memory at a time.
  ///
  /// - Throws: `Failure` of area `.data` when a file is missing, no text, or has a bad row; what `body` throws.
  public static func read(
    _ patterns: [String], format: CorpusFormat? = nil, onError policy: RowErrorPolicy = .stop,
    textColumn: String = "text", _ body: ([UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    let files = try CorpusFile.resolve(patterns, format: format)
    if let shard = files.first(where: \.format.holdsTokens) {
      throw Failure(
        .data, "a tokenizer cannot be trained on token shards", at: shard.path,
        notes: ["give it text or JSONL; the tokenizer of the shards can be taken with tokenizer.from"])
    }
    let reader = DocumentReader(files: files, policy: policy, textColumn: textColumn)
    for file in files {
      _ = try reader.read(file) { (piece) throws(Failure) in
        if !piece.bytes.isEmpty { try body(piece.bytes) }
      }
    }
  }

  /// A SHA-256 over the contents of the files that `patterns` name, in their order: it changes if any of them does.
  ///
  /// A file's digest is cached in `cache` until its size or modification time changes.
  public static func digest(
    of patterns: [String], format: CorpusFormat? = nil, cache: String
  ) throws(Failure) -> String {
    var digests: [String] = []
    for file in try CorpusFile.resolve(patterns, format: format) {
      digests.append("\(file.format.rawValue) \(try SourceDigest.sha256(of: file, cache: cache))")
    }
    return Digest.sha256(digests.joined(separator: "\n"))
  }
}
