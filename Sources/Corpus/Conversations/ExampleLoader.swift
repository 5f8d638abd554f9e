import Files

/// Instruction examples as samples: a sample is a row of at most `sequenceLength` places, packed with whole examples.
///
/// An example of n tokens reads the first n - 1 and predicts the others where they are trained; what follows its last trained
/// token is not read at all, unless examples are read whole. Positions restart at each example and attention stays within it, so a packed example has the
/// loss and the gradient it has alone. A batch is its rows concatenated without padding. A prefix that all its examples
/// share (a template, a system message) is in it once, and all of them attend to it there.
package struct ExampleLoader: SampleLoader {
  package let order: SampleOrder
  package let tokenCount: Int
  package let fingerprint: String
  package let summary: String
  /// The filled share of all rows.
  package let efficiency: Double
  private let examples: TokenizedExamples
  /// The examples of each sample.
  private let rows: [[Int]]
  /// The tokens that each example takes in a batch.
  private let lengths: [Int]
  private let reading: TextReading

  /// - Parameters:
  ///   - digest: of everything the examples depend on.
  ///   - packing: whether several examples share a row; else every one is a row of its own. With `shuffle` rows are as few as
  ///     can be, without it the examples stay in their order.
  ///   - reading: how the examples of a batch are read.
  ///   - mixture: the weighted sources of the examples; a row has examples of one of them.
  package init(
    _ examples: TokenizedExamples, digest: String, sequenceLength: Int, seed: UInt64, shuffle: Bool = true,
    packing: Bool = true, reading: TextReading = .shared, mixture: Mixture? = nil
  ) {
    let lengths = (0..<examples.count).map { index in
      let (tokens, trained) = examples[index]
      return reading == .whole ? tokens.count : trained.lastIndex(of: true)! - trained.startIndex
    }
    let parts = (mixture?.ranges ?? [0..<lengths.count]).map { range in
      Self.rows(of: Array(lengths[range]), capacity: sequenceLength, packing: packing, shuffle: shuffle).map { row in
        row.map { $0 + range.lowerBound }
      }
    }
    let rows = parts.flatMap(\.self)
    let tokens = examples.lengths.reduce(0, +)
    let places = lengths.reduce(0, +)
    order =
      mixture.map { SampleOrder(mixing: parts.map(\.count), weights: $0.weights, seed: seed, shuffle: shuffle) }
      ?? SampleOrder(count: rows.count, seed: seed, shuffle: shuffle)
    tokenCount = tokens
    efficiency = Double(places) / Double(rows.count * sequenceLength)
    let inOrder = packing && !shuffle
    let manner = (inOrder ? " in order" : "") + (reading == .whole ? " whole" : "")
    let sources = mixture.map { "\n\($0.identity)" } ?? ""
    fingerprint = Digest.sha256("\(digest)\n\(sequenceLength)\n\(packing)\(manner)\(sources)")
    func percent(_ part: Int, _ whole: Int) -> Int { (200 * part + whole) / (2 * whole) }
    summary =
      "\(examples.count.counted("example")), \(tokens.counted("token")), \(percent(examples.trainedCount, tokens)) % of them trained"
      + (packing
        ? ", in \(rows.count.counted("row")) that \(rows.count == 1 ? "is" : "are") \(percent(places, rows.count * sequenceLength)) % full"
        : "")
      + (inOrder ? ", filled in the files' order" : "")
    (self.examples, self.rows, self.lengths, self.reading) = (examples, rows, lengths, reading)
  }

  /// The examples of each row; without `shuffle` they stay in their order.
  private static func rows(of lengths: [Int], capacity: Int, packing: Bool, shuffle: Bool) -> [[Int]] {
    if !packing { return lengths.indices.map { [$0] } }
    return shuffle
      ? Packing.bestFitDecreasing(lengths, capacity: capacity) : Packing.nextFit(lengths, capacity: capacity)
  }

  package func length(ofSample sample: Int) -> Int { rows[sample].reduce(0) { $0 + lengths[$1] } }

  package func tokenCount(ofSample sample: Int) -> Int { rows[sample].reduce(0) { $0 + examples.lengths[$1] } }

  package func batch(samples: [Int]) -> Batch {
    var tokenCount = 0
    let parts = samples.flatMap { rows[$0] }.map { index in
      let (tokens, isTrained) = examples[index]
      tokenCount += tokens.count
      return (tokens: tokens.prefix(lengths[index] + 1), isTrained: isTrained)
    }
    let shared = reading == .shared ? Self.sharedBeginning(parts) : 0
    var row = BranchingRow()
    if shared > 0 {
      row.append(parts[0].tokens.prefix(shared), targets: repeatElement(-1, count: shared), from: 0, document: 0)
    }
    for part in parts {
      let own = part.tokens.dropFirst(shared)
      let targets = zip(part.tokens, part.isTrained).dropFirst(shared + 1).map { $1 ? $0 : -1 }
      let document = shared > 0 ? 0 : row.count
      let read: ArraySlice<Int32> = reading == .whole ? own : own.dropLast()
      let predicted = reading == .whole ? targets + [-1] : targets
      row.append(read, targets: predicted, from: shared, document: document, hidden: document + shared..<row.count)
    }
    return row.batch(tokenCount: tokenCount)
  }

  /// How many tokens all the examples begin with. None of them is trained, nor is the one after them: it is not the same
  /// in all examples. Fewer than a vector of scores holds are not worth it.
  private static func sharedBeginning(_ parts: [(tokens: ArraySlice<Int32>, isTrained: ArraySlice<Bool>)]) -> Int {
    guard parts.count > 1 else { return 0 }
    let count = parts.map { part in
      let isSame = zip(zip(part.tokens, parts[0].tokens), part.isTrained.dropFirst())
      return isSame.prefix { $0.0 == $0.1 && !$1 }.count
    }.min()!
    return count < 16 ? 0 : count
  }

  package var exampleCount: Int { examples.count }

  package func example(_ index: Int) -> [TrainedTokens] {
    let (tokens, isTrained) = examples[index]
    return [TrainedTokens(tokens: Array(tokens), isTrained: Array(isTrained))]
  }
}
