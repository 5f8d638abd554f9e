/// What byte-pair encoding knows: the tokens' byte strings and the merges in the order they were learned.
final class BytePairModel: Sendable {
  /// The byte strings of the tokens that text is made of; added tokens are not among them.
  let vocabulary: ByteStringTable
  /// The id of each string of `vocabulary`.
  let ids: [Int32]
  /// The pairs of ids that merge; the number of a pair is its rank, and the lowest rank merges first.
  let merges: PairTable
  /// The id that each merge makes.
  let results: [Int32]
  /// The id of each single byte, -1 for a byte that is no token. Such bytes are left out of what is encoded, unless there is
  /// an `unknown` token.
  let byteIDs: [Int32]
  /// What merging begins with.
  let alphabet: Alphabet
  /// Where `sharesRanks`, the rank of each merge: those with the same result have that of the first of them, so that the
  /// leftmost comes first where several are possible. Else empty: every merge has its own.
  let sharedRanks: [Int32]
  /// Whether no token crosses from other text over a space, so that words can be merged one by one.
  let splitsAtSpaces: Bool
  /// Whether a piece that is a token is taken whole, even if no merges lead there (`ignore_merges`, as Llama 3 has it).
  let takesWholePieces: Bool
  /// What stands for a byte that is no token (`unk_token`).
  let unknown: Unknown?

  struct Unknown: Sendable, Equatable {
    var id: Int32
    /// Whether neighbouring bytes of a piece share one (`fuse_unk`).
    var isFused: Bool
  }

  init(
    vocabulary: ByteStringTable, ids: [Int32], merges: PairTable, results: [Int32], byteIDs: [Int32],
    alphabet: Alphabet = .bytes, takesWholePieces: Bool, unknown: Unknown? = nil, sharesRanks: Bool = false
  ) {
    self.vocabulary = vocabulary
    self.ids = ids
    self.merges = merges
    self.results = results
    self.byteIDs = byteIDs
    self.alphabet = alphabet
    self.takesWholePieces = takesWholePieces
    self.unknown = unknown
    sharedRanks = sharesRanks ? Self.sharedRanks(results) : []
    splitsAtSpaces = (0..<vocabulary.count).allSatisfy { index in
      !zip(vocabulary[index], vocabulary[index].dropFirst()).contains { $0 != 0x20 && $1 == 0x20 }
    }
  }

  private static func sharedRanks(_ results: [Int32]) -> [Int32] {
    var ranks: [Int32] = []
    for (index, result) in results.enumerated() {
      ranks.append(index > 0 && results[index - 1] == result ? ranks[index - 1] : Int32(index))
    }
    return ranks
  }

  /// The id of the token with these bytes.
  func id(of bytes: UnsafeBufferPointer<UInt8>) -> Int32? { vocabulary.index(of: bytes).map { ids[$0] } }
}

/// Merges the bytes of a piece: while a pair has a rank, the pair of the lowest rank, the leftmost one of these, becomes
/// one token. Keeps its working memory between pieces.
struct PieceMerger {
  private let model: BytePairModel
  private var tokens: [Int32] = []
  private var ranks: [UInt32] = []
  private var next: [UInt32] = []
  private var previous: [UInt32] = []
  private var queue = MinimumHeap()

  /// The rank of a pair that does not merge, and the place of no neighbour.
  private static let none = UInt32.max
  /// Up to this many bytes, searching for the lowest rank anew each time is faster than a heap.
  private static let shortPiece = 40

  init(_ model: BytePairModel) { self.model = model }

  /// Appends the tokens of `piece`, which must be shorter than 4 GiB.
  mutating func append(_ piece: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]) {
    if model.takesWholePieces, let id = model.id(of: piece) {
      ids.append(id)
      return
    }
    precondition(piece.count < Int(Self.none), "a piece of \(piece.count) bytes")
    switch model.alphabet {
    case .bytes where model.unknown == nil:
      for byte in piece where model.byteIDs[Int(byte)] >= 0 { tokens.append(model.byteIDs[Int(byte)]) }
    case .bytes: collectBytes(of: piece, model.unknown!)
    case .characters: collectCharacters(of: piece, &ids)
    }
    merge(&ids)
  }

  /// Collects the bytes of `piece`, with the unknown token for those that are none.
  private mutating func collectBytes(of piece: UnsafeBufferPointer<UInt8>, _ unknown: BytePairModel.Unknown) {
    var isBehindUnknown = false
    for byte in piece {
      let id = model.byteIDs[Int(byte)]
      if id >= 0 || !(isBehindUnknown && unknown.isFused) { tokens.append(id >= 0 ? id : unknown.id) }
      isBehindUnknown = id < 0
    }
  }

  /// Collects the characters of `piece`. One that is no token ends what can merge and becomes its bytes.
  private mutating func collectCharacters(of piece: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
    var index = 0
    while index < piece.count {
      let length = piece.scalar(at: index)?.length ?? 1
      let character = UnsafeBufferPointer(rebasing: piece[index..<index + length])
      if let id = model.id(of: character) {
        tokens.append(id)
      } else {
        merge(&ids)
        for byte in character { ids.append(model.byteIDs[Int(byte)]) }
      }
      index += length
    }
  }

  /// Merges the collected tokens and appends what becomes of them.
  private mutating func merge(_ ids: inout [Int32]) {
    if tokens.isEmpty { return }
    ranks.removeAll(keepingCapacity: true)
    for index in 1..<tokens.count { ranks.append(rank(tokens[index - 1], tokens[index])) }
    ranks.append(Self.none)
    if tokens.count <= Self.shortPiece { mergeBySearching() } else { mergeByHeap() }
    for token in tokens where token >= 0 { ids.append(token) }
    tokens.removeAll(keepingCapacity: true)
  }

  @inline(__always)
  private func rank(_ left: Int32, _ right: Int32) -> UInt32 {
    guard let index = model.merges.index(of: left, right) else { return Self.none }
    return UInt32(truncatingIfNeeded: model.sharedRanks.isEmpty ? index : Int(model.sharedRanks[index]))
  }

  private mutating func mergeBySearching() {
    while true {
      var lowest = Self.none
      var place = 0
      for index in 0..<ranks.count where ranks[index] < lowest {
        lowest = ranks[index]
        place = index
      }
      if lowest == Self.none { return }
      tokens[place] = model.results[Int(lowest)]
      tokens.remove(at: place + 1)
      ranks.remove(at: place)
      ranks[place] = place + 1 < tokens.count ? rank(tokens[place], tokens[place + 1]) : Self.none
      if place > 0 { ranks[place - 1] = rank(tokens[place - 1], tokens[place]) }
    }
  }

  /// The same over a linked list, with the candidates in a heap ordered by rank and place: n log n for any piece.
  private mutating func mergeByHeap() {
    let count = tokens.count
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    queue.removeAll()
    for place in 0..<UInt32(count) {
      next.append(place + 1 < count ? place + 1 : Self.none)
      previous.append(place == 0 ? Self.none : place - 1)
      if ranks[Int(place)] != Self.none { queue.append(UInt64(ranks[Int(place)]) << 32 | UInt64(place)) }
    }
    queue.order()
    while let entry = queue.popMinimum() {
      let place = Int(entry & 0xFFFF_FFFF)
      let rank = UInt32(entry >> 32)
      // A pair that has changed since it was queued was queued again with its new rank.
      if ranks[place] == rank { merge(at: place, into: model.results[Int(rank)]) }
    }
  }

  private mutating func merge(at place: Int, into token: Int32) {
    let removed = Int(next[place])
    tokens[place] = token
    tokens[removed] = -1
    ranks[removed] = Self.none
    next[place] = next[removed]
    if next[place] != Self.none { previous[Int(next[place])] = UInt32(place) }
    update(place)
    if previous[place] != Self.none { update(Int(previous[place])) }
  }

  private mutating func update(_ place: Int) {
    let following = next[place]
    ranks[place] = following == Self.none ? Self.none : rank(tokens[place], tokens[Int(following)])
    if ranks[place] != Self.none { queue.push(UInt64(ranks[place]) << 32 | UInt64(place)) }
  }
}

/// A binary heap of integers with the smallest on top.
private struct MinimumHeap {
  private var items: [UInt64] = []

  mutating func removeAll() { items.removeAll(keepingCapacity: true) }

  /// Adds an item without ordering it; `order()` comes before the first `popMinimum()`.
  mutating func append(_ item: UInt64) { items.append(item) }

  mutating func order() {
    for index in (0..<items.count / 2).reversed() { siftDown(index) }
  }

  mutating func push(_ item: UInt64) {
    items.append(item)
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if items[parent] <= item { break }
      items[child] = items[parent]
      child = parent
    }
    items[child] = item
  }

  mutating func popMinimum() -> UInt64? {
    guard let last = items.popLast() else { return nil }
    guard let minimum = items.first else { return last }
    items[0] = last
    siftDown(0)
    return minimum
  }

  private mutating func siftDown(_ start: Int) {
    let item = items[start]
    var parent = start
    while true {
      var child = 2 * parent + 1
      if child >= items.count { break }
      if child + 1 < items.count, items[child + 1] < items[child] { child += 1 }
      if item <= items[child] { break }
      items[parent] = items[child]
      parent = child
    }
    items[parent] = item
  }
}
