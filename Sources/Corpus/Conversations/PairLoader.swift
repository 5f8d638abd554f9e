import Files

/// Prompts with one or two answers as samples, each with its prompt once.
///
/// A prompt p of m tokens and its answers a and b become one document `p[..<m-1] | p[m-1] a | p[m-1] b`, each branch without
/// its last token. Positions of b continue after the prompt, and b does not see a, so the two log-probabilities are those of
/// the rows `p a` and `p b`. A batch is its documents concatenated without padding. Read whole, `p a` and `p b` are documents of
/// their own, with their last tokens.
///
/// A batch of single answers has beside it the batch of its prompts with other answers of the step, as TRL pairs them for KTO:
/// prompt i with answer i - 1, the first one with the last. An answer to the same prompt is passed over for the one before it.
package struct PairLoader: SampleLoader {
  package let order: SampleOrder
  package let tokenCount: Int
  package let fingerprint: String
  package let summary: String
  private let pairs: any AnswerPairs
  /// The tokens that a prompt may have with another answer; what the answer has more is cut off its end.
  private let maximumLength: Int
  /// Whether each answer is read with a prompt of its own and to its end (`TextReading.whole`).
  private let readsWhole: Bool
  /// A number for each prompt, the same where the prompts are; empty where all answers are in pairs.
  private let prompts: [Int]
  /// The log-probabilities of the answers of each sample under the reference model.
  private var references: [[Double]]?

  /// - Parameter mixture: the weighted sources of the pairs.
  package init(
    _ pairs: any AnswerPairs, maximumLength: Int = .max, seed: UInt64, shuffle: Bool = true, readsWhole: Bool = false,
    mixture: Mixture? = nil
  ) {
    self.pairs = pairs
    (self.maximumLength, self.readsWhole) = (maximumLength, readsWhole)
    order =
      mixture.map {
        SampleOrder(mixing: $0.ranges.map(\.count), weights: $0.weights, seed: seed, shuffle: shuffle)
      } ?? SampleOrder(count: pairs.count, seed: seed, shuffle: shuffle)
    let digest = readsWhole ? Digest.sha256("\(pairs.digest)\nwhole") : pairs.digest
    fingerprint = mixture.map { Digest.sha256("\(digest)\n\($0.identity)") } ?? digest
    var (tokens, answers) = (0, 0)
    var numbers: [ArraySlice<Int32>: Int] = [:]
    var prompts: [Int] = []
    for index in 0..<pairs.count {
      let pair = pairs[index]
      tokens += pair.tokenCount
      answers += pair.answers.reduce(0) { $0 + $1.count }
      guard pair.second == nil else { continue }
      let number = numbers[pair.prompt] ?? numbers.count
      numbers[pair.prompt] = number
      prompts.append(number)
    }
    tokenCount = tokens
    self.prompts = prompts
    let kind = prompts.isEmpty ? "pair" : "answer"
    summary = "\(pairs.count.counted(kind)), \(tokens.counted("token")), \(answers) of them in answers"
  }

  /// This loader with the log-probabilities that a reference model gives each sample's answers.
  package func with(references: [[Double]]) -> PairLoader {
    precondition(references.count == pairs.count, "\(references.count) references for \(pairs.count) samples")
    var loader = self
    loader.references = references
    return loader
  }

  /// The answers of each sample: two, or one.
  package var answersPerSample: Int { prompts.isEmpty ? 2 : 1 }

  package func length(ofSample sample: Int) -> Int {
    readsWhole ? pairs[sample].tokenCount : pairs[sample].length
  }

  package func tokenCount(ofSample sample: Int) -> Int { pairs[sample].tokenCount }

  package func batch(samples: [Int]) -> Batch {
    var builder = PairBuilder(readsWhole: readsWhole)
    for sample in samples { builder.append(pairs[sample], references: references?[sample]) }
    return builder.batch
  }

  package func batch(_ range: Range<Int>, of samples: [Int]) -> Batch {
    let batch = batch(samples: Array(samples[range]))
    if prompts.isEmpty { return batch }
    var others = PairBuilder(readsWhole: readsWhole)
    for (index, partner) in zip(range, partners(of: range, in: samples)) {
      guard let partner else { continue }
      let prompt = pairs[samples[index]].prompt
      let answer = pairs[samples[partner]].first.prefix(max(1, maximumLength - prompt.count))
      others.append(AnswerPair(prompt: prompt, first: answer), references: nil)
    }
    return others.isEmpty ? batch : batch.with(mismatched: others.batch)
  }

  /// For each place in `range` the nearest one before it whose sample has another prompt, around the end of `samples`; nil if
  /// there is none.
  private func partners(of range: Range<Int>, in samples: [Int]) -> [Int?] {
    var partners: [Int?] = []
    for index in range {
      let own = prompts[samples[index]]
      var place = (index + samples.count - 1) % samples.count
      if prompts[samples[place]] == own, let last = partners.last {
        partners.append(last)
        continue
      }
      while place != index, prompts[samples[place]] == own { place = (place + samples.count - 1) % samples.count }
      partners.append(place == index ? nil : place)
    }
    return partners
  }

  package var exampleCount: Int { pairs.count }

  /// The prompt with each answer: `chosen` and `rejected`, or the one that has no partner.
  package func example(_ index: Int) -> [TrainedTokens] {
    let pair = pairs[index]
    return pair.answers.enumerated().map { place, answer in
      TrainedTokens(
        part: (place == 0) == pair.isFirstPreferred ? "chosen" : "rejected", tokens: Array(pair.prompt + answer),
        isTrained: pair.prompt.map { _ in false } + answer.map { _ in true })
    }
  }
}

/// The documents of answered prompts, concatenated.
private struct PairBuilder {
  private let readsWhole: Bool
  private var row = BranchingRow()
  private var answers: [Batch.Answer] = []
  private var tokenCount = 0

  init(readsWhole: Bool) { self.readsWhole = readsWhole }

  var isEmpty: Bool { answers.isEmpty }
  var batch: Batch { row.batch(tokenCount: tokenCount, answers: answers) }

  mutating func append(_ pair: AnswerPair, references: [Double]?) {
    let all =
      readsWhole
      ? pair.answers.map { row.append(whole: pair.prompt, continuation: $0) }
      : row.append(pair.prompt, continuations: pair.answers)
    for (index, places) in all.enumerated() {
      answers.append(
        Batch.Answer(
          places: places, isPreferred: (index == 0) == pair.isFirstPreferred, reference: references?[index]))
    }
    tokenCount += pair.tokenCount
  }
}
