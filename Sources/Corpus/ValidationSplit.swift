import Files
import Numerics

/// What is held out of a text for validation.
extension TokenStream {
  /// The stream in two parts, the second one about `fraction` of the tokens.
  ///
  /// With a seed, documents are drawn: one from each of equal runs of them, so that whatever the corpus was put together from
  /// has its part. A document that is long beside what is to be held out, or one of so few that none could be drawn, gives its
  /// tail instead. Without a seed the last documents are held out, or the tail of the last one. A text without boundaries gives its tail after `Int(count * (1 - fraction))` tokens, as nanoGPT
  /// cuts, and of several such files each does.
  ///
  /// - Throws: `.data` where one of the parts would be empty.
  package func split(
    fraction: Double, seed: UInt64?
  ) throws(Failure) -> (train: TokenStream, validation: TokenStream) {
    precondition(fraction > 0 && fraction < 1, "a fraction of \(fraction)")
    precondition(pieces.count == 1, "a part cannot be split")
    let heldOut =
      switch (documents, seed) {
      case (nil, _): tails(fraction: fraction)
      case (let documents?, nil): try last(documents, fraction: fraction)
      case (let documents?, let seed?): try drawn(documents, fraction: fraction, seed: seed)
      }
    let train = complement(of: heldOut)
    guard !heldOut.isEmpty, !train.isEmpty else {
      throw Failure(
        .data, "the text is too small to hold out a part of it", at: origin,
        notes: [
          "data.validation_fraction (\(fraction)) of \(count.counted("token"))"
            + (documentCount.map { " in \($0.counted("document"))" } ?? ""),
          "give data.validation files of their own, another fraction, or more text",
        ])
    }
    return (
      TokenStream(self, pieces: train, documentCount: try documentCount(of: train)),
      TokenStream(self, pieces: heldOut, documentCount: try documentCount(of: heldOut))
    )
  }

  /// The tail of each of the files.
  private func tails(fraction: Double) -> [CorpusPiece] {
    zip([0] + sourceEnds, sourceEnds).compactMap { start, end in
      let cut = start + Int(Double(end - start) * (1 - fraction))
      guard cut > start, cut < end else { return nil }
      var piece = CorpusPiece(cut..<end)
      piece.beginsDocument = false
      return piece
    }
  }

  /// The last documents; the cut is the end of a document that is nearest to the wanted place. Where none is near, the document
  /// there is cut.
  private func last(_ documents: DocumentIndex, fraction: Double) throws(Failure) -> [CorpusPiece] {
    let place = Int(Double(count) * (1 - fraction))
    let end = try documents.end(nearest: place)
    let isNear = Double(abs(end - place)) <= Double(count - place) / 2
    if isNear || Double(count - place) < Self.shortestTail / 8 { return end < count ? [CorpusPiece(end..<count)] : [] }
    var piece = CorpusPiece(place..<count)
    piece.beginsDocument = false
    return [piece]
  }

  /// Drawn documents, and tails of those that are long: more than an eighth of what is wanted, and long enough for their tail
  /// to be a text. Where all are short and so few that one is much more than what is wanted, a short tail has to do.
  private func drawn(_ documents: DocumentIndex, fraction: Double, seed: UInt64) throws(Failure) -> [CorpusPiece] {
    func limit(_ tail: Double) -> Double { max(Double(count) * fraction / 8, tail / fraction) }
    let isOneTooMuch = Double(documents.count) * fraction < 0.5
    let hasLong = try !tails(of: documents, longFrom: limit(Self.shortestTail), fraction: fraction).isEmpty
    let limit = limit(isOneTooMuch && !hasLong ? Self.shortestTail / 8 : Self.shortestTail)
    var heldOut = try tails(of: documents, longFrom: limit, fraction: fraction)
    let short = documents.count - heldOut.count
    let wanted = min(max(0, short - 1), max(heldOut.isEmpty ? 1 : 0, Int((Double(short) * fraction).rounded())))
    var draw = StratifiedDraw(of: wanted, outOf: short, seed: seed)
    try documents.visit { range in
      if Double(range.count) < limit, draw.takesNext() { heldOut.append(CorpusPiece(range)) }
    }
    return heldOut.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// The tails of the documents of at least `limit` tokens.
  private func tails(
    of documents: DocumentIndex, longFrom limit: Double, fraction: Double
  ) throws(Failure) -> [CorpusPiece] {
    var tails: [CorpusPiece] = []
    try documents.visit { range in
      guard Double(range.count) >= limit else { return }
      var piece = CorpusPiece(range.lowerBound + Int(Double(range.count) * (1 - fraction))..<range.upperBound)
      piece.beginsDocument = false
      tails.append(piece)
    }
    return tails
  }

  /// Tokens of the shortest tail that is worth measuring.
  private static let shortestTail = 128.0

  private func complement(of heldOut: [CorpusPiece]) -> [CorpusPiece] {
    var rest: [CorpusPiece] = []
    var start = 0
    for piece in heldOut + [CorpusPiece(count..<count)] {
      if start < piece.range.lowerBound {
        var kept = CorpusPiece(start..<piece.range.lowerBound)
        kept.endsDocument = piece.beginsDocument
        rest.append(kept)
      }
      start = piece.range.upperBound
    }
    return rest
  }

  /// The documents that have a part in `pieces`.
  private func documentCount(of pieces: [CorpusPiece]) throws(Failure) -> Int? {
    guard let documents else { return nil }
    var sum = 0
    for piece in pieces {
      sum += try documents.count(endingIn: piece.range) + (piece.endsDocument ? 0 : 1)
    }
    return sum
  }
}

/// Draws `wanted` of `count` items in their order: one at random from each of `wanted` runs of about equal length.
package struct StratifiedDraw {
  private let wanted: Int
  private let count: Int
  private var generator: SplitMix64
  private var next = 0
  private var taken = 0
  private var chosen = 0

  package init(of wanted: Int, outOf count: Int, seed: UInt64) {
    precondition(wanted >= 0 && wanted <= count, "\(wanted) of \(count)")
    self.wanted = wanted
    self.count = count
    generator = SplitMix64(state: seed)
    draw()
  }

  /// Whether the next item is one of those that are drawn.
  package mutating func takesNext() -> Bool {
    defer { next += 1 }
    guard taken < wanted, next == chosen else { return false }
    taken += 1
    draw()
    return true
  }

  private mutating func draw() {
    guard taken < wanted else { return }
    func bound(_ run: Int) -> Int { wanted.dividingFullWidth(run.multipliedFullWidth(by: count)).quotient }
    let (start, end) = (bound(taken), bound(taken + 1))
    chosen = start + Int(generator.uniform() * Double(end - start))
  }
}
