import Files

/// Learns a byte-level BPE vocabulary from texts given one after the other.
///
/// Only the distinct pieces of the texts and how often each occurs stay in memory, so texts may be larger than it. The
/// result depends on nothing but the texts: not on their order, not on the machine.
package struct TokenizerTrainer {
  private let specialTokens: [String]
  private let preTokenizer: PreTokenizer
  private let matcher: AddedTokenMatcher
  private var pieces = ByteStringTable()
  private var counts: [Int] = []

  /// - Throws: `Failure` when a special token is empty, repeated, or a single byte, which is a token anyway.
  package init(
    specialTokens: [String] = Tokenizer.defaultSpecialTokens, preTokenizer: PreTokenizer = .gpt2
  ) throws(Failure) {
    for (index, token) in specialTokens.enumerated() {
      if token.isEmpty { throw Failure(.tokenizer, "special token \(index) is empty") }
      if ByteAlphabet.bytes(of: token)?.count == 1 {
        throw Failure(.tokenizer, "special token \(index), \"\(token)\", is the name of a single byte")
      }
      if let earlier = specialTokens[..<index].firstIndex(where: { $0.hasSameBytes(as: token) }) {
        throw Failure(.tokenizer, "special token \(index), \"\(token)\", is special token \(earlier) already")
      }
    }
    self.specialTokens = specialTokens
    self.preTokenizer = preTokenizer
    matcher = AddedTokenMatcher(
      specialTokens.enumerated().map { AddedTokenMatcher.Entry(bytes: Array($1.utf8), id: Int32($0)) })
  }

  /// Counts the pieces of `text`. Special tokens cut it and are not counted; pieces do not cross its ends.
  package mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
    matcher.cut(text) { range, id in
      if id == nil { count(UnsafeBufferPointer(rebasing: text[range])) }
    }
  }

  package mutating func add(_ text: [UInt8]) { text.withUnsafeBufferPointer { add($0) } }

  private mutating func count(_ text: UnsafeBufferPointer<UInt8>) {
    var scanner = PieceScanner(text, preTokenizer)
    while let range = scanner.next() {
      let (index, isNew) = pieces.insert(UnsafeBufferPointer(rebasing: text[range]))
      if isNew { counts.append(1) } else { counts[index] += 1 }
    }
  }

  /// The tokenizer learned from the texts so far: the special tokens have the first ids, then come the 256 bytes in the
  /// order of their characters in GPT-2's alphabet, then what the merges make, in the order they were learned.
  ///
  /// The vocabulary is smaller than `vocabularySize` when the texts have no more pairs to merge.
  ///
  /// - Throws: `Failure` when `vocabularySize` has no room for the bytes and the special tokens.
  package func tokenizer(vocabularySize: Int) throws(Failure) -> Tokenizer {
    let first = specialTokens.count
    guard vocabularySize >= first + 256 else {
      throw Failure(
        .tokenizer, "a vocabulary of \(vocabularySize) tokens is too small",
        notes: ["256 bytes and \(first) special tokens need \(first + 256)"])
    }
    guard vocabularySize <= Int(Int32.max) else {
      throw Failure(.tokenizer, "a vocabulary of \(vocabularySize) tokens is too large")
    }
    var learner = try MergeLearner(pieces, counts)
    let reserved = Set(specialTokens.compactMap(ByteAlphabet.bytes(of:)))
    try learner.learn(vocabularySize: vocabularySize - first, reserved: reserved)
    return tokenizer(learner)
  }

  private func tokenizer(_ learner: MergeLearner) -> Tokenizer {
    let first = Int32(specialTokens.count)
    var byteIDs = [Int32](repeating: 0, count: 256)
    for (place, byte) in ByteAlphabet.ordered.enumerated() { byteIDs[Int(byte)] = first + Int32(place) }
    func id(_ token: Int32) -> Int32 { token < 256 ? byteIDs[Int(token)] : first + token }
    var merges = PairTable(minimumCapacity: learner.merges.count)
    for merge in learner.merges { _ = merges.insert(id(merge.left), id(merge.right)) }
    let model = BytePairModel(
      vocabulary: learner.strings, ids: (0..<Int32(learner.strings.count)).map(id), merges: merges,
      results: learner.merges.map { id($0.result) }, byteIDs: byteIDs, takesWholePieces: false)
    let added = specialTokens.enumerated().map { AddedToken($1, id: Int32($0)) }
    return Tokenizer(
      model: model, addedTokens: added,
      preparation: TextPreparation(cutting: .named(preTokenizer)))
  }
}

extension Tokenizer {
  /// What trained tokenizers have for a special token when nothing else is asked for.
  public static let defaultSpecialTokens = ["<|endoftext|>"]

  /// Learns byte-level BPE from `texts`; no piece crosses from one to the next.
  ///
  /// Repeatedly, the most frequent pair of neighbouring tokens becomes a token; of equally frequent
  /// pairs, the one whose two byte strings are lexicographically greater (the convention of Stanford's CS336; Hugging
  /// Face's trainer decides such ties by its ids, so its merges differ). Tokens never cross the end of a piece of
  /// `preTokenizer`, nor into a special token. Ids: special tokens, bytes, merges.
  ///
  /// - Throws: `Failure` when `vocabularySize` has no room for the bytes and the special tokens, or a special token is
  ///   empty or repeated.
  public static func train(
    on texts: some Sequence<[UInt8]>, vocabularySize: Int, specialTokens: [String] = defaultSpecialTokens,
    preTokenizer: PreTokenizer = .gpt2
  ) throws(Failure) -> Tokenizer {
    var trainer = try TokenizerTrainer(specialTokens: specialTokens, preTokenizer: preTokenizer)
    for text in texts { trainer.add(text) }
    return try trainer.tokenizer(vocabularySize: vocabularySize)
  }
}
