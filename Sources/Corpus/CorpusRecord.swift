import Files

/// What `index.json` beside prepared shards says: what they were made from, and what they hold.
struct CorpusRecord: Equatable {
  struct Source: Equatable {
    var path: String
    var format: CorpusFormat
    var stamp: FileStamp
    var digest: String
  }

  var sources: [Source]
  /// The SHA-256 of the tokenizer's tokenizer.json.
  var tokenizer: String
  var shards: [ShardWriter.Record]
  var tokens: Int
  var documents: Int
  /// The SHA-256 of `documents.bin`.
  var documentsDigest: String
  /// Whether there are document boundaries: false for a single text file without marks.
  var hasBoundaries: Bool
  /// The bytes of all documents' text.
  var textBytes: Int
  /// The rows left out because of errors.
  var skippedRows: Int

  /// Incremented whenever the same text would be prepared differently.
  static let version = 2

  static let fileName = "index.json"
  static let documentsFileName = "documents.bin"
}

extension CorpusRecord {
  private static let format = "train-corpus"

  var json: JSONValue {
    [
      "format": JSONValue(Self.format),
      "format_version": JSONValue(Self.version),
      "tokenizer_sha256": JSONValue(tokenizer),
      "sources": JSONValue(sources.map(\.json)),
      "shards": JSONValue(shards.map(\.json)),
      "tokens": JSONValue(tokens),
      "documents": JSONValue(documents),
      "documents_sha256": JSONValue(documentsDigest),
      "document_boundaries": JSONValue(hasBoundaries),
      "text_bytes": JSONValue(textBytes),
      "skipped_rows": JSONValue(skippedRows),
    ]
  }

  /// The record that `json` holds; nil if it is not of this version.
  init?(_ json: JSONValue) {
    guard json["format"]?.string == Self.format, json["format_version"]?.integer == Self.version,
      let tokenizer = json["tokenizer_sha256"]?.string,
      let sources = json["sources"]?.array, let shards = json["shards"]?.array,
      let tokens = json["tokens"]?.integer, let documents = json["documents"]?.integer,
      let documentsDigest = json["documents_sha256"]?.string,
      let hasBoundaries = json["document_boundaries"]?.bool,
      let textBytes = json["text_bytes"]?.integer, let skippedRows = json["skipped_rows"]?.integer
    else { return nil }
    self.tokenizer = tokenizer
    self.sources = sources.compactMap(Source.init)
    self.shards = shards.compactMap(ShardWriter.Record.init)
    guard self.sources.count == sources.count, self.shards.count == shards.count else { return nil }
    self.tokens = tokens
    self.documents = documents
    self.documentsDigest = documentsDigest
    self.hasBoundaries = hasBoundaries
    self.textBytes = textBytes
    self.skippedRows = skippedRows
  }
}

extension CorpusRecord.Source {
  var json: JSONValue {
    [
      "path": JSONValue(path), "format": JSONValue(format.rawValue), "bytes": JSONValue(stamp.bytes),
      "modified": JSONValue(stamp.modified), "changed": JSONValue(stamp.changed), "inode": JSONValue(stamp.inode),
      "sha256": JSONValue(digest),
    ]
  }

  init?(_ json: JSONValue) {
    guard let path = json["path"]?.string, let format = json["format"]?.string.flatMap(CorpusFormat.init),
      let bytes = json["bytes"]?.integer, let modified = json["modified"]?.integer,
      let changed = json["changed"]?.integer, let inode = json["inode"]?.integer, let digest = json["sha256"]?.string
    else { return nil }
    let stamp = FileStamp(bytes: bytes, modified: modified, changed: changed, inode: inode)
    self.init(path: path, format: format, stamp: stamp, digest: digest)
  }
}

extension ShardWriter.Record {
  var json: JSONValue {
    ["file": JSONValue(name), "tokens": JSONValue(tokens), "tokens_sha256": JSONValue(digest)]
  }

  init?(_ json: JSONValue) {
    guard let name = json["file"]?.string, !name.contains("/"), let tokens = json["tokens"]?.integer,
      let digest = json["tokens_sha256"]?.string
    else { return nil }
    self.init(name: name, tokens: tokens, digest: digest)
  }
}
