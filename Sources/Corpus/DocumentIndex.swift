import Files

/// Where the documents of a corpus end: a file of little-endian `UInt64`, one a document: the index after its last token.
///
/// It is binary-searched on disk, so that a corpus of a hundred million documents costs no memory.
package final class DocumentIndex: Sendable {
  /// The number of documents.
  let count: Int
  /// The SHA-256 of the file.
  let digest: String
  private let file: ReadableFile

  /// Opens the index of a corpus of `tokens` tokens, and checks that it is one.
  init(_ path: String, count: Int, tokens: Int, digest: String) throws(Failure) {
    file = try ReadableFile(path, area: .data)
    self.count = count
    self.digest = digest
    guard count > 0, file.count % 8 == 0, file.count / 8 == count else {
      throw Failure(
        .data, "the index of documents has the wrong length", at: path,
        notes: ["expected \(count) entries of 8 bytes, found \(file.count) bytes"])
    }
    let last = try end(count - 1)
    guard last == tokens else {
      throw Failure(
        .data, "the index of documents belongs to another corpus", at: path,
        notes: ["its last document ends at \(last), the corpus has \(tokens) tokens"])
    }
  }

  /// The ends that lie in `lower + 1 ... upper`, ascending.
  func ends(after lower: Int, through upper: Int) throws(Failure) -> [Int] {
    var found: [Int] = []
    var next = try firstDocument(endingAfter: lower)
    while next < count {
      let block = try ends(of: next..<min(next + 64, count))
      for end in block {
        if end > upper { return found }
        found.append(end)
      }
      next += block.count
    }
    return found
  }

  /// Gives the range of every document's tokens to `body`, in order.
  func visit(_ body: (Range<Int>) -> Void) throws(Failure) {
    var (next, start) = (0, 0)
    while next < count {
      let block = try ends(of: next..<min(next + 1 << 13, count))
      for end in block {
        body(start..<end)
        start = end
      }
      next += block.count
    }
  }

  /// The number of documents whose last token lies in `tokens`.
  func count(endingIn tokens: Range<Int>) throws(Failure) -> Int {
    try firstDocument(endingAfter: tokens.upperBound) - firstDocument(endingAfter: tokens.lowerBound)
  }

  /// The end of a document that is nearest to `place`.
  func end(nearest place: Int) throws(Failure) -> Int {
    let document = min(try firstDocument(endingAfter: place), count - 1)
    let after = try end(document)
    guard document > 0 else { return after }
    let before = try end(document - 1)
    return place - before <= after - place ? before : after
  }

  /// The first document that ends after `place`; `count` if there is none.
  private func firstDocument(endingAfter place: Int) throws(Failure) -> Int {
    var (lower, upper) = (0, count)
    while lower < upper {
      let middle = (lower + upper) / 2
      if try end(middle) > place { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }

  private func end(_ document: Int) throws(Failure) -> Int {
    try ends(of: document..<document + 1)[0]
  }

  private func ends(of documents: Range<Int>) throws(Failure) -> [Int] {
    let bytes = try file.read(8 * documents.count, at: 8 * documents.lowerBound)
    return bytes.withUnsafeBytes { bytes in
      documents.map { document in
        let offset = 8 * (document - documents.lowerBound)
        return Int(clamping: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      }
    }
  }
}
