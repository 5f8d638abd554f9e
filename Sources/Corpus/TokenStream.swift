import Files

/// A corpus as one long sequence of token ids, in one or several shards on disk, of any size.
///
/// Only the paths and sizes of the shards are in memory; every read goes to the files.
public struct TokenStream: Sendable {
  /// The number of tokens.
  public var count: Int { range.count }
  /// What identifies the tokens: a SHA-256 over the contents of the shards, the documents' ends and the part taken.
  public let fingerprint: String
  /// The shards in order, with the SHA-256 of their tokens.
  public let shards: [ShardDescription]
  /// Ids are below this; a read that meets another one is an error.
  public let vocabularySize: Int
  /// The number of documents that end in the stream; nil where the corpus has no document boundaries.
  public let documentCount: Int?

  private let files: [Shard]
  /// The index of each shard's first token in the whole corpus.
  private let starts: [Int]
  /// The part of the whole corpus that this stream is.
  private let range: Range<Int>
  private let documents: DocumentIndex?

  /// One shard of a stream.
  public struct ShardDescription: Sendable, Equatable {
    /// Where the shard lies.
    public let path: String
    /// The number of its tokens.
    public let tokens: Int
    /// The SHA-256 of its tokens as stored, without the header.
    public let digest: String
  }

  package init(shards files: [Shard], digests: [String], documents: DocumentIndex?, vocabularySize: Int) {
    precondition(files.count == digests.count, "\(files.count) shards, \(digests.count) digests")
    self.files = files
    self.documents = documents
    self.vocabularySize = vocabularySize
    var starts: [Int] = []
    var total = 0
    for file in files {
      starts.append(total)
      total += file.count
    }
    self.starts = starts
    range = 0..<total
    documentCount = documents?.count
    shards = zip(files, digests).map { ShardDescription(path: $0.path, tokens: $0.count, digest: $1) }
    fingerprint = Digest.sha256((digests + [documents?.digest ?? "no documents"]).joined(separator: "\n"))
  }

  private init(_ whole: TokenStream, range: Range<Int>) throws(Failure) {
    (files, starts, shards) = (whole.files, whole.starts, whole.shards)
    (documents, vocabularySize) = (whole.documents, whole.vocabularySize)
    self.range = range
    documentCount = try whole.documents?.count(endingIn: range)
    fingerprint = Digest.sha256("\(whole.fingerprint)\n\(range)")
  }

  /// Whether the corpus has document boundaries.
  public var hasDocuments: Bool { documents != nil }

  /// Reads the tokens from `index` on, as many as fit into `tokens`.
  package func read(into tokens: UnsafeMutableBufferPointer<Int32>, from index: Int) throws(Failure) {
    precondition(
      index >= 0 && index + tokens.count <= count, "tokens \(index) to \(index + tokens.count) of \(count)")
    var done = 0
    var file = starts.partitioningIndex { $0 > range.lowerBound + index } - 1
    while done < tokens.count {
      let place = range.lowerBound + index + done - starts[file]
      let length = min(tokens.count - done, files[file].count - place)
      try files[file].read(
        into: UnsafeMutableBufferPointer(rebasing: tokens[done..<done + length]), from: place,
        vocabularySize: vocabularySize)
      done += length
      file += 1
    }
  }

  /// The tokens at a range of indices of the stream.
  package func tokens(_ places: Range<Int>) throws(Failure) -> [Int32] {
    let buffer = UnsafeMutableBufferPointer<Int32>.allocate(capacity: places.count)
    defer { buffer.deallocate() }
    try read(into: buffer, from: places.lowerBound)
    return Array(buffer)
  }

  /// The ends of documents (the index after the last token) that lie in `lower + 1 ... upper`; none without boundaries.
  package func documentEnds(after lower: Int, through upper: Int) throws(Failure) -> [Int] {
    guard let documents else { return [] }
    let offset = range.lowerBound
    var ends = try documents.ends(after: lower + offset, through: upper + offset)
    for place in ends.indices { ends[place] -= offset }
    return ends
  }

  /// The stream in two parts, the last one about `fraction` of the tokens.
  ///
  /// Documents stay whole: the cut is the end of a document nearest to the wanted index. Without boundaries it is
  /// after `Int(count * (1 - fraction))` tokens, as nanoGPT cuts.
  public func split(fraction: Double) throws(Failure) -> (head: TokenStream, tail: TokenStream) {
    precondition(fraction > 0 && fraction < 1, "a fraction of \(fraction)")
    var cut = Int(Double(count) * (1 - fraction))
    if let documents { cut = try documents.end(nearest: range.lowerBound + cut) - range.lowerBound }
    guard cut > 0, cut < count else {
      throw Failure(
        .data, "the corpus is too small to split", at: shards[0].path,
        notes: [
          "a fraction of \(fraction) of \(count) tokens" + (documentCount.map { " in \($0) documents" } ?? ""),
          "give data.validation files of their own, or more data",
        ])
    }
    let place = range.lowerBound + cut
    return (
      try TokenStream(self, range: range.lowerBound..<place), try TokenStream(self, range: place..<range.upperBound)
    )
  }
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
