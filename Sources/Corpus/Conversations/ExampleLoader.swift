import Files

/// Instruction examples as samples: a sample is a row of at most `sequenceLength` places, packed with whole examples.
///
/// An example of n tokens reads the first n - 1 and predicts the others where they are trained; what follows its last trained
/// token is not read at all. Positions restart at each example and attention stays within it, so a packed example has the
/// loss and the gradient it has alone. A batch is its rows one behind the other without padding.
package struct ExampleLoader: SampleLoader {
  package let order: SampleOrder
  package let tokenCount: Int
  package let fingerprint: String
  package let summary: String
  /// The share of the places of all rows that are filled.
  package let efficiency: Double
  private let examples: TokenizedExamples
  /// The examples of each sample.
  private let rows: [[Int]]
  /// The places that each example takes.
  private let lengths: [Int]

  /// - Parameters:
  ///   - digest: of everything the examples depend on.
  ///   - packing: whether several examples share a row; else every one is a row of its own.
  package init(
    _ examples: TokenizedExamples, digest: String, sequenceLength: Int, seed: UInt64, shuffle: Bool = true,
    packing: Bool = true
  ) {
    let lengths = (0..<examples.count).map { index in
      let trained = examples[index].isTrained
      return trained.lastIndex(of: true)! - trained.startIndex
    }
    let rows = packing ? Packing.bestFitDecreasing(lengths, capacity: sequenceLength) : lengths.indices.map { [$0] }
    let tokens = lengths.reduce(0, +)
    order = SampleOrder(count: rows.count, seed: seed, shuffle: shuffle)
    tokenCount = tokens
    efficiency = Double(tokens) / Double(rows.count * sequenceLength)
    fingerprint = Digest.sha256("\(digest)\n\(sequenceLength)\n\(packing)")
    func percent(_ part: Int, _ whole: Int) -> Int { (200 * part + whole) / (2 * whole) }
    summary =
      "\(examples.count) examples, \(tokens) tokens, \(percent(examples.trainedCount, tokens)) % of them trained"
      + (packing ? ", in \(rows.count) rows that are \(percent(tokens, rows.count * sequenceLength)) % full" : "")
    (self.examples, self.rows, self.lengths) = (examples, rows, lengths)
  }

  package func length(ofSample sample: Int) -> Int { rows[sample].reduce(0) { $0 + lengths[$1] } }

  package func batch(samples: [Int]) -> Batch {
    let places = samples.reduce(0) { $0 + length(ofSample: $1) }
    var row = RowBuilder(rows: 1, columns: places)
    for example in samples.flatMap({ rows[$0] }) {
      let (tokens, isTrained) = examples[example]
      row.append(tokens.prefix(lengths[example] + 1), isTrained: isTrained)
    }
    return row.batch
  }

  package var exampleCount: Int { examples.count }

  package func example(_ index: Int) -> [TrainedTokens] {
    let (tokens, isTrained) = examples[index]
    return [TrainedTokens(tokens: Array(tokens), isTrained: Array(isTrained))]
  }
}
