import Files

/// A corpus as one long sequence of token ids, in one or several shards on disk, of any size.
///
/// Only the paths and sizes of the shards are in memory; every read goes to the files.
public struct TokenStream: Sendable {
  /// The number of tokens.
  public let count: Int
  /// What identifies the tokens: a SHA-256 over the contents of the shards, the documents' ends and the part taken.
  public let fingerprint: String
  /// The shards in order, with the SHA-256 of their tokens.
  public let shards: [ShardDescription]
  /// Ids are below this; a read that meets another one is an error.
  public let vocabularySize: Int
  /// The number of documents that end in the stream; nil where the corpus has no document boundaries.
  public let documentCount: Int?

  /// Where the text or the tokens come from, for messages.
  let origin: String
  private let files: [Shard]
  /// The index of each shard's first token in the whole corpus.
  private let starts: [Int]
  /// The parts of the whole corpus that this stream is, in order.
  let pieces: [CorpusPiece]
  /// The index of each piece's first token in the stream.
  private let pieceStarts: [Int]
  let documents: DocumentIndex?
  /// Whether the last token of a document is the one that the next begins with.
  private let sharesSeparators: Bool
  /// Where the files end that have no document boundaries.
  let sourceEnds: [Int]

  /// One shard of a stream.
  public struct ShardDescription: Sendable, Equatable {
    /// Where the shard lies.
    public let path: String
    /// The number of its tokens.
    public let tokens: Int
    /// The SHA-256 of its tokens as stored, without the header.
    public let digest: String
  }

  /// - Parameters:
  ///   - sharesSeparators: whether the token that ends a document, the end of text, is what the next one is predicted from.
  ///   - sourceEnds: where the files end that the shards were made from.
  package init(
    shards files: [Shard], digests: [String], documents: DocumentIndex?, vocabularySize: Int,
    sharesSeparators: Bool = false, sourceEnds: [Int]? = nil, origin: String? = nil
  ) {
    precondition(files.count == digests.count, "\(files.count) shards, \(digests.count) digests")
    self.files = files
    self.documents = documents
    self.vocabularySize = vocabularySize
    self.sharesSeparators = sharesSeparators
    self.origin = origin ?? files[0].path
    var starts: [Int] = []
    var total = 0
    for file in files {
      starts.append(total)
      total += file.count
    }
    self.starts = starts
    self.sourceEnds = sourceEnds ?? [total]
    pieces = [CorpusPiece(0..<total)]
    pieceStarts = [0]
    count = total
    documentCount = documents?.count
    shards = zip(files, digests).map { ShardDescription(path: $0.path, tokens: $0.count, digest: $1) }
    let marks = documents.map { [$0.digest] + (sharesSeparators ? ["shared separators"] : []) } ?? ["no documents"]
    fingerprint = Digest.sha256((digests + marks).joined(separator: "\n"))
  }

  /// Some pieces of a whole corpus, in which `documentCount` documents have a part.
  init(_ whole: TokenStream, pieces: [CorpusPiece], documentCount: Int?) {
    (files, starts, shards) = (whole.files, whole.starts, whole.shards)
    (documents, vocabularySize, origin) = (whole.documents, whole.vocabularySize, whole.origin)
    (sharesSeparators, sourceEnds) = (whole.sharesSeparators, whole.sourceEnds)
    self.pieces = pieces
    self.documentCount = documentCount
    var starts: [Int] = []
    var total = 0
    for piece in pieces {
      starts.append(total)
      total += piece.range.count
    }
    pieceStarts = starts
    count = total
    var digest = Digest()
    digest.update(Array(whole.fingerprint.utf8))
    for piece in pieces {
      for bound in [piece.range.lowerBound, piece.range.upperBound] {
        withUnsafeBytes(of: Int64(bound).littleEndian) { digest.update($0) }
      }
    }
    fingerprint = digest.hexadecimal
  }

  /// Whether the tokens were made from text here, and not elsewhere.
  package var isEncodedText: Bool { origin != files[0].path }

  /// Whether there are places that attention does not look across.
  public var hasDocuments: Bool { documents != nil || pieces.count > 1 }

  /// Reads the tokens from `index` on, as many as fit into `tokens`.
  package func read(into tokens: UnsafeMutableBufferPointer<Int32>, from index: Int) throws(Failure) {
    precondition(
      index >= 0 && index + tokens.count <= count, "tokens \(index) to \(index + tokens.count) of \(count)")
    var done = 0
    while done < tokens.count {
      let piece = pieceStarts.partitioningIndex { $0 > index + done } - 1
      let place = pieces[piece].range.lowerBound + index + done - pieceStarts[piece]
      let file = starts.partitioningIndex { $0 > place } - 1
      let length = min(
        tokens.count - done, pieces[piece].range.upperBound - place, starts[file] + files[file].count - place)
      try files[file].read(
        into: UnsafeMutableBufferPointer(rebasing: tokens[done..<done + length]), from: place - starts[file],
        vocabularySize: vocabularySize)
      done += length
    }
  }

  /// The tokens at a range of indices of the stream.
  package func tokens(_ places: Range<Int>) throws(Failure) -> [Int32] {
    let buffer = UnsafeMutableBufferPointer<Int32>.allocate(capacity: places.count)
    defer { buffer.deallocate() }
    try read(into: buffer, from: places.lowerBound)
    return Array(buffer)
  }

  /// The boundaries that lie in `lower + 1 ... upper`, ascending: ends of documents, and of the stream's pieces.
  package func documentBoundaries(after lower: Int, through upper: Int) throws(Failure) -> [DocumentBoundary] {
    var boundaries: [DocumentBoundary] = []
    guard lower < upper, hasDocuments else { return [] }
    for index in pieceStarts.partitioningIndex(where: { $0 > lower }) - 1..<pieces.count {
      let (piece, start) = (pieces[index], pieceStarts[index])
      if start >= upper { break }
      let offset = piece.range.lowerBound - start
      let last = min(upper, start + piece.range.count)
      for end in try documents?.ends(after: max(lower, start) + offset, through: last + offset) ?? []
      where end < piece.range.upperBound {
        boundaries.append(DocumentBoundary(place: end - offset, sharesToken: sharesSeparators))
      }
      guard last + offset == piece.range.upperBound, documents != nil || index + 1 < pieces.count else { continue }
      let isWhole = piece.endsDocument && (index + 1 == pieces.count || pieces[index + 1].beginsDocument)
      boundaries.append(DocumentBoundary(place: last, sharesToken: sharesSeparators && isWhole))
    }
    return boundaries
  }
}

/// A part of a corpus.
struct CorpusPiece: Sendable, Equatable {
  var range: Range<Int>
  /// Whether its first token is the first of a document, and its last one the last.
  var beginsDocument = true
  var endsDocument = true

  init(_ range: Range<Int>) { self.range = range }
}

/// A place in a stream where one document ends and another begins.
package struct DocumentBoundary: Sendable, Equatable {
  /// The index of the first token of the later document.
  package var place: Int
  /// Whether the token before it, the end of the earlier document, is also what the later one is predicted from.
  package var sharesToken: Bool
}

extension Array {
  /// The first index whose element satisfies `predicate`, by binary search: elements that do not come first.
  func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var (lower, upper) = (0, count)
    while lower < upper {
      let middle = (lower + upper) / 2
      if predicate(self[middle]) { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }
}
