import Files

extension VocabularyAssembly {
  /// SentencePiece has no longer pieces, and finding all their parts would take long.
  private static let pieceLimit = 256

  /// Adds the merges that scores imply: any two neighbours that make a piece merge, and the piece of the highest
  /// score goes first. Scores are given by the place in the vocabulary.
  mutating func addMerges(scores: [Double], source: String) throws(Failure) {
    let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
    for index in order {
      for (left, right) in try halves(ofPiece: index, source).reversed() {
        addMerge(ids[left], ids[right], makes: ids[index])
      }
    }
  }

  /// The same as transformers orders them (`generate_merges` in its `tokenization_utils_base.py`): by the score, then by the
  /// length of the left half, then by that of the right one.
  mutating func addMergesInTransformersOrder(scores: [Double], source: String) throws(Failure) {
    var merges: [(score: Double, lengths: (Int, Int), left: Int32, right: Int32, result: Int32)] = []
    for index in scores.indices {
      for (left, right) in try halves(ofPiece: index, source) {
        func length(_ string: Int) -> Int { String(decoding: vocabulary[string], as: UTF8.self).unicodeScalars.count }
        merges.append((scores[index], (length(left), length(right)), ids[left], ids[right], ids[index]))
      }
    }
    let order = merges.indices.sorted { one, other in
      let (a, b) = (merges[one], merges[other])
      if a.score != b.score { return a.score > b.score }
      if a.lengths != b.lengths { return a.lengths > b.lengths }
      return (a.result, a.left, a.right) < (b.result, b.left, b.right)
    }
    for index in order { addMerge(merges[index].left, merges[index].right, makes: merges[index].result) }
  }

  /// The pairs of pieces that piece `index` consists of, the shortest left one first.
  private func halves(ofPiece index: Int, _ source: String) throws(Failure) -> [(left: Int, right: Int)] {
    let piece = Array(vocabulary[index])
    guard piece.count <= Self.pieceLimit else {
      throw Failure(
        .tokenizer, "token \(ids[index]) is too long for a piece", at: source,
        notes: ["at most \(Self.pieceLimit) bytes expected, found \(piece.count)"])
    }
    return (1..<piece.count).compactMap { end in
      guard piece[end] & 0xC0 != 0x80, let left = vocabulary.index(of: piece[..<end]),
        let right = vocabulary.index(of: piece[end...])
      else { return nil }
      return (left, right)
    }
  }
}

extension Tokenizer {
  /// A SentencePiece tokenizer of the BPE kind from lists, as GGUF files and llama2.c hold them.
  ///
  /// Any two neighbours whose text is a piece merge, the piece with the highest score first and of these the leftmost
  /// (Kudo and Richardson 2018; the algorithm of llama.cpp and llama2.c). A character that is no piece becomes its bytes.
  ///
  /// - Parameters:
  ///   - pieces: the tokens by id, with U+2581 for a space; all 256 bytes (`<0x00>`) are among them.
  ///   - scores: the score of each.
  ///   - tokenTypes: as `tokenizer.ggml.token_type` has them (1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte).
  ///   - addsSpacePrefix: whether a text is encoded as if a space preceded it.
  ///   - source: the name of the file, for messages.
  /// - Throws: `Failure` naming the token that is invalid.
  public init(
    pieces: [String], scores: [Double], tokenTypes: [Int32]?, addsSpacePrefix: Bool, endOfText: Int32? = nil,
    beginningOfText: Int32? = nil, addsBeginningOfText: Bool = false, source: String = "tokenizer"
  ) throws(Failure) {
    guard scores.count == pieces.count, scores.allSatisfy(\.isFinite) else {
      throw Failure(.tokenizer, "the scores do not fit the \(pieces.count) tokens", at: source)
    }
    let added = try Self.addedTokens(pieces, types: tokenTypes, source: source)
    var assembly = try VocabularyAssembly(
      count: pieces.count, added: added, merges: pieces.count, alphabet: .characters, source: source)
    for (id, piece) in pieces.enumerated() {
      try assembly.add(piece, id: id, .init(part: "token \(id), \"\(piece)\",", place: source))
    }
    try assembly.addMerges(scores: assembly.ids.map { scores[Int($0)] }, source: source)
    let plain = Tokenizer(
      model: try assembly.model(
        takesWholePieces: false, unknown: Self.unknown(tokenTypes), sharesRanks: true, source: source),
      addedTokens: added,
      preparation: .sentencePiece(addsSpacePrefix: addsSpacePrefix),
      beginningOfText: addsBeginningOfText ? beginningOfText : nil)
    self = try plain.with(endOfText: endOfText, beginningOfText: beginningOfText)
  }

  /// Whether this is a SentencePiece tokenizer rather than a byte-level one.
  package var isSentencePiece: Bool { model.alphabet == .characters }

  /// Whether a space comes before every text; nil when that depends on the text, which GGUF cannot say.
  package var addsSpacePrefix: Bool? {
    guard isSentencePiece, !preparation.splitsAtSpaces, preparation.prefix == .never else { return nil }
    let marking = [Normalization.markingSpaces]
    switch preparation.normalization.steps {
    case [.prepend(Normalization.mark)] + marking: return true
    case marking where !preparation.isMetaspace: return false
    case [] where preparation.isMetaspace: return false
    default: return nil
    }
  }

  /// The tokens that stand for the bytes of characters a SentencePiece vocabulary does not have.
  package var byteTokens: [Int32] { isSentencePiece ? model.byteIDs : [] }

  /// Scores by id that order the merges of a SentencePiece tokenizer as they are.
  package var pieceScores: [Double] {
    var scores = [Double](repeating: 0, count: vocabularySize)
    for id in model.ids { scores[Int(id)] = -Double(model.merges.count) - Double(id) }
    for (rank, result) in model.results.enumerated().reversed() { scores[Int(result)] = -Double(rank) }
    return scores
  }
}

extension TextPreparation {
  /// SentencePiece's: a space is put before every stretch between added tokens, even before one that begins with a space;
  /// or none is.
  static func sentencePiece(addsSpacePrefix: Bool) -> TextPreparation {
    guard addsSpacePrefix else { return TextPreparation(isMetaspace: true) }
    let steps: [Normalization.Step] = [.prepend(Normalization.mark), Normalization.markingSpaces]
    return TextPreparation(normalization: Normalization(steps, alphabet: .characters), stripping: .one)
  }
}

/// Cuts a text before the spaces that follow something else. Where no piece crosses such a place, the parts can be
/// merged one by one.
struct WordScanner {
  private let text: UnsafeBufferPointer<UInt8>
  private let splitsRuns: Bool
  private var start = 0

  /// `splitsRuns` says that spaces which follow each other are cut, too.
  init(_ text: UnsafeBufferPointer<UInt8>, splitsRuns: Bool) {
    self.text = text
    self.splitsRuns = splitsRuns
  }

  mutating func next() -> Range<Int>? {
    if start == text.count { return nil }
    var end = start + 1
    while end < text.count, text[end] != 0x20 || !splitsRuns && text[end - 1] == 0x20 { end += 1 }
    defer { start = end }
    return start..<end
  }
}
