import Files
import Tokenizers

/// Text files as token shards in a cache folder, made when they are missing or stale.
///
/// `CACHE/corpora/KEY/` holds `shard-00000.bin`, ... (llm.c's layout), `documents.bin` (where each document ends) and
/// `index.json` (what they were made from). KEY depends on the files' paths and the tokenizer; whether the files are
/// still the same is decided by their stamps, and by SHA-256 when only those differ. The folder appears atomically, so an
/// interrupted preparation leaves nothing that could be mistaken for a corpus; what is in it is verified by SHA-256. Of
/// several processes one prepares, and the others wait for it.
public struct PreparedCorpus: Sendable {
  /// The corpus.
  public let stream: TokenStream
  /// The folder of the shards.
  public let folder: String
  /// The number of documents.
  public let documents: Int
  /// The bytes of the documents' text.
  public let textBytes: Int
  /// The rows left out under `RowErrorPolicy.skip`.
  public let skippedRows: Int

  /// How a corpus is prepared.
  public struct Options: Sendable {
    /// What to do with a bad row.
    public var onError: RowErrorPolicy
    /// The column of a row that is its text.
    public var textColumn: String
    /// The most tokens a shard gets.
    public var shardLimit: Int

    /// The default stops at a bad row and begins a new shard after 100 million tokens.
    public init(onError: RowErrorPolicy = .stop, textColumn: String = "text", shardLimit: Int = 100_000_000) {
      self.onError = onError
      self.textColumn = textColumn
      self.shardLimit = shardLimit
    }
  }

  /// What a preparation reports.
  public enum Progress: Sendable, Equatable {
    /// There is a cache that no longer matches the files, and why.
    case stale(reason: String)
    /// Another process is preparing the same corpus.
    case waiting
    /// Bytes of text encoded so far; the files' markup is counted at the end.
    case encoded(bytes: Int, ofBytes: Int, tokens: Int)
    /// Rows were left out.
    case skipped(SkippedRows)
  }

  /// The text of `sources` (patterns of paths) as a token stream, from the cache where that is still good.
  ///
  /// - Throws: `Failure` of area `.data` for files that are missing, empty or no text; `.resources` for a full disk.
  public static func prepare(
    _ sources: [String], format: CorpusFormat? = nil, tokenizer: Tokenizer, cache: String,
    options: Options = Options(), progress: (Progress) -> Void = { _ in }
  ) throws(Failure) -> PreparedCorpus {
    try prepare(
      CorpusFile.resolve(sources, format: format), tokenizer: tokenizer, cache: cache, options: options,
      progress: progress)
  }

  static func prepare(
    _ files: [CorpusFile], tokenizer: Tokenizer, cache: String, options: Options, progress: (Progress) -> Void
  ) throws(Failure) -> PreparedCorpus {
    let cache = CorpusCache(cache, files: files, tokenizer: tokenizer, options: options)
    if case .good(let record) = try cache.state() {
      return try PreparedCorpus(record, folder: cache.path, tokenizer: tokenizer, origin: files[0].path)
    }
    var isNoted = false
    let lock = try cache.lock { () throws(Failure) in
      if !isNoted { progress(.waiting) }
      isNoted = true
      try StopRequest.check()
    }
    defer { withExtendedLifetime(lock) {} }
    switch try cache.state() {
    case .good(let record):
      return try PreparedCorpus(record, folder: cache.path, tokenizer: tokenizer, origin: files[0].path)
    case .stale(let reason): progress(.stale(reason: reason))
    case .missing: break
    }
    let record = try cache.build { (folder) throws(Failure) in
      try write(files, tokenizer: tokenizer, cache: cache, to: folder, options: options, progress: progress)
    }
    return try PreparedCorpus(record, folder: cache.path, tokenizer: tokenizer, origin: files[0].path)
  }

  private init(_ record: CorpusRecord, folder: String, tokenizer: Tokenizer, origin: String) throws(Failure) {
    var shards: [Shard] = []
    for shard in record.shards { shards.append(try Shard("\(folder)/\(shard.name)")) }
    guard shards.map(\.count) == record.shards.map(\.tokens) else {
      throw Failure(.data, "the shards are not those of the index", at: "\(folder)/\(CorpusRecord.fileName)")
    }
    let index = try DocumentIndex(
      "\(folder)/\(CorpusRecord.documentsFileName)", count: record.documents, tokens: record.tokens,
      digest: record.documentsDigest)
    stream = TokenStream(
      shards: shards, digests: record.shards.map(\.digest), documents: record.hasBoundaries ? index : nil,
      vocabularySize: tokenizer.vocabularySize, sharesSeparators: tokenizer.endOfText != nil && !tokenizer.beginsTexts,
      origin: origin)
    self.folder = folder
    documents = record.documents
    textBytes = record.textBytes
    skippedRows = record.skippedRows
  }

  private static func write(
    _ files: [CorpusFile], tokenizer: Tokenizer, cache: CorpusCache, to folder: String, options: Options,
    progress: (Progress) -> Void
  ) throws(Failure) -> CorpusRecord {
    let reader = DocumentReader(files: files, policy: options.onError, textColumn: options.textColumn)
    let hasBoundaries = try reader.hasBoundaries()
    var writer = try CorpusWriter(
      folder: folder, tokenizer: tokenizer, hasBoundaries: hasBoundaries, shardLimit: options.shardLimit)
    var sources: [CorpusRecord.Source] = []
    var skipped = SkippedRows()
    var total = 0
    for file in files { total += try FileStamp(of: file.path).bytes }
    var reported = 0
    for file in files {
      let stamp = try FileStamp(of: file.path)
      let result = try reader.read(file) { (piece) throws(Failure) in
        try writer.append(piece)
        if writer.tokens > reported {
          reported = writer.tokens
          progress(.encoded(bytes: writer.textBytes, ofBytes: max(total, writer.textBytes), tokens: reported))
        }
      }
      sources.append(.init(path: file.canonicalPath, format: file.format, stamp: stamp.kept, digest: result.digest))
      skipped.add(result.skipped)
    }
    try writer.flush()
    progress(.encoded(bytes: total, ofBytes: total, tokens: writer.tokens))
    if skipped.count > 0 { progress(.skipped(skipped)) }
    let (documents, textBytes, tokens) = (writer.documents, writer.textBytes, writer.tokens)
    if tokens == 0 {
      throw Failure(
        .data, "the corpus has no text", at: files[0].path, notes: ["\(files.count) files, \(skipped.count) bad rows"])
    }
    let (shards, documentsDigest) = try writer.finish()
    return CorpusRecord(
      sources: sources, tokenizer: cache.tokenizerDigest, shards: shards, tokens: tokens, documents: documents,
      documentsDigest: documentsDigest, hasBoundaries: hasBoundaries, textBytes: textBytes,
      skippedRows: skipped.count)
  }
}
