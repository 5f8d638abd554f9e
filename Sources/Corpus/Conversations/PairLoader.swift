import Files

/// Pairs of answers as samples, each with its prompt once.
///
/// A prompt p of m tokens and its answers a and b become one document `p[..<m-1] | p[m-1] a | p[m-1] b`, each branch without
/// its last token. Positions of b continue after the prompt, and b does not see a, so the two log-probabilities are those of
/// the rows `p a` and `p b`. A batch is its documents concatenated without padding.
package struct PairLoader: SampleLoader {
  package let order: SampleOrder
  package let tokenCount: Int
  package let fingerprint: String
  package let summary: String
  private let pairs: any AnswerPairs
  /// The log-probabilities of the first and the second answer of each sample under the reference model.
  private var references: [(first: Double, second: Double)]?

  package init(_ pairs: any AnswerPairs, seed: UInt64, shuffle: Bool = true) {
    self.pairs = pairs
    order = SampleOrder(count: pairs.count, seed: seed, shuffle: shuffle)
    fingerprint = pairs.digest
    var (tokens, answers) = (0, 0)
    for index in 0..<pairs.count {
      let pair = pairs[index]
      tokens += pair.length
      answers += pair.first.count + pair.second.count
    }
    tokenCount = tokens
    summary = "\(pairs.count) pairs, \(tokens) tokens, \(answers) of them in answers"
  }

  /// This loader with the log-probabilities that a reference model gives each sample's answers.
  package func with(references: [(first: Double, second: Double)]) -> PairLoader {
    precondition(references.count == pairs.count, "\(references.count) references for \(pairs.count) pairs")
    var loader = self
    loader.references = references
    return loader
  }

  package func length(ofSample sample: Int) -> Int { pairs[sample].length }

  package func batch(samples: [Int]) -> Batch {
    var builder = PairBuilder()
    for sample in samples { builder.append(pairs[sample], references: references?[sample]) }
    return builder.batch
  }

  package var exampleCount: Int { pairs.count }

  /// The prompt with each answer: `chosen` and `rejected`, or the one that has no partner.
  package func example(_ index: Int) -> [TrainedTokens] {
    let pair = pairs[index]
    func whole(_ answer: ArraySlice<Int32>, _ part: String) -> TrainedTokens {
      TrainedTokens(
        part: part, tokens: Array(pair.prompt + answer),
        isTrained: pair.prompt.map { _ in false } + answer.map { _ in true })
    }
    let first = whole(pair.first, pair.isFirstPreferred ? "chosen" : "rejected")
    return pair.isComparison ? [first, whole(pair.second, "rejected")] : [first]
  }
}

/// The documents of pairs, concatenated.
private struct PairBuilder {
  private var row = BranchingRow()
  private var answers: [Batch.Answer] = []

  var batch: Batch { row.batch(answers: answers) }

  mutating func append(_ pair: AnswerPair, references: (first: Double, second: Double)?) {
    precondition(
      !pair.prompt.isEmpty && !pair.first.isEmpty && !pair.second.isEmpty, "a prompt and two answers have tokens")
    let document = row.count
    let shared = pair.prompt.dropLast()
    row.append(shared, targets: shared.map { _ in -1 }, from: 0, document: document)
    let first = row.count
    for (answer, isFirst) in [(pair.first, true), (pair.second, false)] {
      let places = row.count..<row.count + answer.count
      row.append(
        [pair.prompt.last!] + answer.dropLast(), targets: answer, from: shared.count, document: document,
        hidden: isFirst ? 0..<0 : first..<places.lowerBound)
      answers.append(
        Batch.Answer(
          places: places, isPreferred: isFirst == pair.isFirstPreferred,
          reference: isFirst ? references?.first : references?.second))
    }
  }
}
