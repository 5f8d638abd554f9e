import Files

/// Merges the most frequent pair of neighbouring tokens over and over.
///
/// The distinct pieces are stored one after the other as one list of tokens, linked so that a merge touches only the places
/// where its pair occurs. How often each pair occurs is kept exact at every place touched; the heap of candidates is
/// corrected when one that has become rarer comes to its top.
struct MergeLearner {
  /// The byte string of every token: the 256 bytes, then what merges made.
  private(set) var strings = ByteStringTable(minimumCapacity: 1024)
  private(set) var merges: [(left: Int32, right: Int32, result: Int32)] = []

  /// By place; -1 where a token has been merged into the one before it.
  private var tokens: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// By place: how often the piece occurs that the place belongs to.
  private var weights: [Int] = []

  private var pairs = PairTable()
  /// By pair: how often it occurs, and the places of its left token, some of which may have been merged since.
  private var counts: [Int] = []
  private var places: [[Int32]] = []
  private var candidates: [Candidate] = []

  private struct Candidate {
    var count: Int
    var pair: Int32
  }

  init(_ pieces: ByteStringTable, _ pieceCounts: [Int]) throws(Failure) {
    for byte in UInt8.min ... .max { _ = strings.insert([byte]) }
    for (index, count) in pieceCounts.enumerated() where pieces.length(at: index) > 1 {
      let piece = pieces[index]
      guard tokens.count + piece.count < Int(Int32.max) else {
        throw Failure(
          .resources, "the texts have too many distinct words to learn a tokenizer from",
          notes: ["their distinct pieces have more than \(Int32.max) bytes; train on a part of the texts"])
      }
      for byte in piece {
        let place = Int32(tokens.count)
        tokens.append(Int32(byte))
        previous.append(place - 1)
        next.append(place + 1)
        weights.append(count)
      }
      previous[tokens.count - piece.count] = -1
      next[tokens.count - 1] = -1
    }
    for place in tokens.indices where next[place] >= 0 {
      increase(tokens[place], tokens[place + 1], at: Int32(place))
    }
    pushCandidates(from: 0)
  }

  /// Learns merges until there are `vocabularySize` strings or no pair is left. A pair that would make one of `reserved`
  /// stays apart.
  mutating func learn(vocabularySize: Int, reserved: Set<[UInt8]>) throws(Failure) {
    while strings.count < vocabularySize, let pair = popMostFrequent() {
      let (left, right) = pairs[Int(pair)]
      let string = Array(strings[Int(left)] + strings[Int(right)])
      if reserved.contains(string) { continue }
      if merges.count % 64 == 0 { try StopRequest.check() }
      let result = Int32(strings.insert(string).index)
      merges.append((left, right, result))
      merge(pair, left, right, into: result)
    }
  }

  private mutating func merge(_ pair: Int32, _ left: Int32, _ right: Int32, into result: Int32) {
    let found = places[Int(pair)]
    places[Int(pair)] = []
    let known = counts.count
    // The places ascend, so in a run of one token, where they overlap, the leftmost merges first.
    for place in found {
      let index = Int(place)
      guard tokens[index] == left, next[index] >= 0, tokens[Int(next[index])] == right else { continue }
      let removed = Int(next[index])
      counts[Int(pair)] -= weights[index]
      if previous[index] >= 0 {
        let before = previous[index]
        decrease(tokens[Int(before)], left, by: weights[index])
        increase(tokens[Int(before)], result, at: before)
      }
      if next[removed] >= 0 {
        let behind = next[removed]
        decrease(right, tokens[Int(behind)], by: weights[index])
        increase(result, tokens[Int(behind)], at: place)
        previous[Int(behind)] = place
      }
      tokens[index] = result
      tokens[removed] = -1
      next[index] = next[removed]
    }
    pushCandidates(from: known)
  }

  private mutating func decrease(_ left: Int32, _ right: Int32, by weight: Int) {
    if let pair = pairs.index(of: left, right) { counts[pair] -= weight }
  }

  private mutating func increase(_ left: Int32, _ right: Int32, at place: Int32) {
    let (pair, isNew) = pairs.insert(left, right)
    if isNew {
      counts.append(0)
      places.append([])
    }
    counts[pair] += weights[Int(place)]
    places[pair].append(place)
  }

  /// Adds the pairs from `first` on to the candidates. All places of a pair arise in the one merge that makes the later
  /// of its two tokens; afterwards it only becomes rarer.
  private mutating func pushCandidates(from first: Int) {
    for pair in first..<counts.count { push(Int32(pair)) }
  }

  // MARK: - The heap of candidates

  private mutating func popMostFrequent() -> Int32? {
    while let top = candidates.first {
      let last = candidates.removeLast()
      if !candidates.isEmpty {
        candidates[0] = last
        siftDown()
      }
      let count = counts[Int(top.pair)]
      if count == top.count { return top.pair }
      push(top.pair)
    }
    return nil
  }

  private mutating func push(_ pair: Int32) {
    let item = Candidate(count: counts[Int(pair)], pair: pair)
    if item.count == 0 { return }
    candidates.append(item)
    var child = candidates.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if !comes(item, before: candidates[parent]) { break }
      candidates[child] = candidates[parent]
      child = parent
    }
    candidates[child] = item
  }

  private mutating func siftDown() {
    let item = candidates[0]
    var parent = 0
    while true {
      var child = 2 * parent + 1
      if child >= candidates.count { break }
      if child + 1 < candidates.count, comes(candidates[child + 1], before: candidates[child]) { child += 1 }
      if !comes(candidates[child], before: item) { break }
      candidates[parent] = candidates[child]
      parent = child
    }
    candidates[parent] = item
  }

  /// The more frequent pair; of equally frequent ones the pair with the greater left string, then the greater right one.
  private func comes(_ first: Candidate, before second: Candidate) -> Bool {
    if first.count != second.count { return first.count > second.count }
    let one = pairs[Int(first.pair)]
    let other = pairs[Int(second.pair)]
    let (left, right) =
      one.left == other.left ? (other.right, one.right) : (other.left, one.left)
    return left != right && strings[Int(left)].lexicographicallyPrecedes(strings[Int(right)])
  }
}
