import Files

/// Assembles a vocabulary that a file spells in an alphabet, checking every part as it is added.
struct VocabularyAssembly {
  /// What a failure is about (`model.merges[3]`), and where in the file that is.
  struct Site {
    var part: String
    var place: String?
  }

  /// The number of ids, which are 0..<count.
  private let count: Int
  private let addedTexts: [Int32: AddedToken]
  private let alphabet: Alphabet
  private var isTaken: [Bool]
  private(set) var vocabulary: ByteStringTable
  /// The id of each string of `vocabulary`.
  private(set) var ids: [Int32] = []
  /// The ids of the tokens that stand for single bytes, in addition to an alphabet of characters.
  private var byteIDs = [Int32](repeating: -1, count: 256)
  /// The special tokens that the vocabulary lists; they are strings of it only where merges need them.
  private var specialIDs: [[UInt8]: Int32] = [:]
  private var merges: PairTable
  private var results: [Int32] = []

  /// Begins with the added tokens, whose ids the vocabulary may repeat.
  init(count: Int, added: [AddedToken], merges mergeCount: Int, alphabet: Alphabet = .bytes, source: String)
    throws(Failure)
  {
    guard count <= Int(Int32.max) else {
      throw Failure(.tokenizer, "the vocabulary has \(count) tokens", at: source)
    }
    self.count = count
    self.alphabet = alphabet
    isTaken = [Bool](repeating: false, count: count)
    vocabulary = ByteStringTable(minimumCapacity: count)
    merges = PairTable(minimumCapacity: mergeCount)
    addedTexts = Dictionary(added.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    for token in added { try take(Int(token.id), Site(part: "added token \"\(token.text)\"", place: source)) }
  }

  /// Adds the token that the vocabulary spells `text`.
  mutating func add(_ text: String, id: Int, _ site: @autoclosure () -> Site) throws(Failure) {
    let added = Int32(exactly: id).flatMap { addedTexts[$0] }
    if let added {
      guard added.text.hasSameBytes(as: text) else {
        throw failure("has id \(id), which the added token \"\(added.text)\" has", site())
      }
      // A symbol remains one: text must not lose it.
      if added.isSpecial, !alphabet.isSymbol(text) {
        specialIDs[alphabet.bytes(of: text) ?? []] = added.id
        return
      }
    } else {
      try take(id, site())
    }
    if alphabet == .characters, added == nil, let byte = Alphabet.byte(ofToken: text) {
      guard byteIDs[Int(byte)] < 0 else { throw failure("is in the vocabulary already", site()) }
      byteIDs[Int(byte)] = Int32(id)
      return
    }
    guard let bytes = alphabet.bytes(of: text), !bytes.isEmpty else {
      if added != nil { return }
      throw failure("is not written in \(alphabet.name), nor is it an added token", site())
    }
    guard vocabulary.insert(bytes).isNew else { throw failure("is in the vocabulary already", site()) }
    ids.append(Int32(id))
  }

  /// Adds the next merge; all tokens come before the first merge.
  mutating func addMerge(_ left: String, _ right: String, _ site: @autoclosure () -> Site) throws(Failure) {
    func id(_ bytes: [UInt8]?, _ text: String) throws(Failure) -> Int32 {
      if let bytes, let index = vocabulary.index(of: bytes) { return ids[index] }
      guard let bytes, !bytes.isEmpty, let special = specialIDs[bytes] else {
        throw failure("names \"\(text)\", which is not in the vocabulary", site())
      }
      _ = vocabulary.insert(bytes)
      ids.append(special)
      return special
    }
    let (leftBytes, rightBytes) = (alphabet.bytes(of: left), alphabet.bytes(of: right))
    let pair = (try id(leftBytes, left), try id(rightBytes, right))
    let result = try id((leftBytes ?? []) + (rightBytes ?? []), left + right)
    let (index, isNew) = merges.insert(pair.0, pair.1)
    guard isNew else { throw failure("is merge \(index) again", site()) }
    results.append(result)
  }

  /// Adds the next merge of two tokens that make a third, unless it is there.
  mutating func addMerge(_ left: Int32, _ right: Int32, makes result: Int32) {
    if merges.insert(left, right).isNew { results.append(result) }
  }

  /// Whether some byte is no token.
  var missesBytes: Bool {
    alphabet == .bytes && (UInt8.min ... .max).contains { vocabulary.index(of: [$0]) == nil }
  }

  /// The finished model, when no id is missing.
  func model(
    takesWholePieces: Bool, unknown: BytePairModel.Unknown? = nil, sharesRanks: Bool = false, source: String
  ) throws(Failure)
    -> BytePairModel
  {
    if let gap = isTaken.firstIndex(of: false) {
      throw Failure(.tokenizer, "no token has id \(gap)", at: source, notes: ["there are \(count) tokens"])
    }
    var byteIDs = byteIDs
    switch alphabet {
    case .bytes: byteIDs = (UInt8.min ... .max).map { byte in vocabulary.index(of: [byte]).map { ids[$0] } ?? -1 }
    case .characters:
      if let missing = byteIDs.firstIndex(of: -1) {
        throw Failure(
          .tokenizer, "no token stands for the byte \(missing)", at: source,
          notes: [
            "expected \"\(Alphabet.text(ofByte: UInt8(missing)))\": only SentencePiece with byte fallback is read"
          ])
      }
    }
    return BytePairModel(
      vocabulary: vocabulary, ids: ids, merges: merges, results: results, byteIDs: byteIDs, alphabet: alphabet,
      takesWholePieces: takesWholePieces, unknown: unknown, sharesRanks: sharesRanks)
  }

  private mutating func take(_ id: Int, _ site: @autoclosure () -> Site) throws(Failure) {
    guard id >= 0, id < count else {
      throw failure("has id \(id)", site(), notes: ["\(count) tokens have the ids 0...\(count - 1)"])
    }
    guard !isTaken[id] else { throw failure("has id \(id), which another token has", site()) }
    isTaken[id] = true
  }

  private func failure(_ what: String, _ site: Site, notes: [String] = []) -> Failure {
    Failure(.tokenizer, "\(site.part) \(what)", at: site.place, notes: notes)
  }
}
