import Files
import Tokenizers

/// Encodes documents on all cores and writes them, in order, as shards and an index of documents.
struct CorpusWriter: ~Copyable {
  private var lanes: EncodingLanes
  /// What each document begins with.
  private let beginning: Int32?
  /// What each document ends with.
  private let end: Int32?
  private var shards: ShardWriter
  private var ends: DurableFile
  private var endsDigest = Digest()
  private var pieces: [TextPiece] = []
  private var pendingBytes = 0
  private var isInDocument = false
  private(set) var documents = 0
  private(set) var textBytes = 0

  /// With `hasBoundaries` every document is followed by the tokenizer's end-of-text token, where it has one, and begins
  /// with its beginning-of-text token, where it wants that.
  init(folder: String, tokenizer: Tokenizer, hasBoundaries: Bool, shardLimit: Int) throws(Failure) {
    lanes = EncodingLanes(tokenizer)
    beginning = hasBoundaries && tokenizer.beginsTexts ? tokenizer.beginningOfText : nil
    end = hasBoundaries ? tokenizer.endOfText : nil
    shards = ShardWriter(folder: folder, vocabularySize: tokenizer.vocabularySize, limit: shardLimit)
    ends = try DurableFile(at: "\(folder)/\(CorpusRecord.documentsFileName)")
  }

  /// The tokens written so far.
  var tokens: Int { shards.count }

  mutating func append(_ piece: TextPiece) throws(Failure) {
    pieces.append(piece)
    pendingBytes += piece.bytes.count
    if pendingBytes >= 1 << 22 || pieces.count >= 1 << 16 { try flush() }
  }

  /// Encodes and writes the buffered text.
  mutating func flush() throws(Failure) {
    try StopRequest.check()
    var places: [UInt8] = []
    for (piece, tokens) in zip(pieces, lanes.encode(pieces)) {
      if !isInDocument, let beginning { try shards.append([beginning]) }
      try shards.append(tokens)
      textBytes += piece.bytes.count
      isInDocument = !piece.endsDocument
      if isInDocument { continue }
      if let end { try shards.append([end]) }
      documents += 1
      withUnsafeBytes(of: UInt64(shards.count).littleEndian) { places += $0 }
    }
    endsDigest.update(places)
    try ends.write(places)
    pieces.removeAll(keepingCapacity: true)
    pendingBytes = 0
  }

  /// Writes the rest; everything is on disk afterwards.
  consuming func finish() throws(Failure) -> (shards: [ShardWriter.Record], documentsDigest: String) {
    try flush()
    let records = try shards.finish()
    let digest = endsDigest.hexadecimal
    try ends.commit()
    return (records, digest)
  }
}

extension Tokenizer {
  /// Whether a text begins with a token of its own.
  var beginsTexts: Bool { addsBeginningOfText && beginningOfText != nil }
}
