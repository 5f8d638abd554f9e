import Corpus
import Files
import Support
import Testing
import Tokenizers

/// Weighted sources: exact shares, an order and epochs of each source's own, and nothing to remember but the number of samples.
@Suite struct MixtureTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  static let weights: [[Double]] = [[1], [0.3, 0.7], [1, 1, 1], [0.1, 0.2, 0.3, 0.4], [5, 0.01, 2.5], [1e-3, 1]]

  @Test(arguments: weights) func everyStretchHasItsShares(_ weights: [Double]) {
    let shares = SourceShares(weights)
    let sum = weights.reduce(0, +)
    var counts = [Int](repeating: 0, count: weights.count)
    for number in 0..<700 {
      #expect(shares.counts(of: number) == counts)
      let (source, index) = shares.place(number)
      #expect(index == counts[source])
      counts[source] += 1
      for (count, weight) in zip(counts, weights) {
        let exact = Double(number + 1) * weight / sum
        #expect(abs(Double(count) - exact) < Double(weights.count), "\(number)")
      }
    }
    #expect(counts.reduce(0, +) == 700)
  }

  @Test func threeTenthsAreThreeOfEveryTen() {
    let shares = SourceShares([0.3, 0.7])
    for batch in 0..<100 {
      #expect((batch * 10..<batch * 10 + 10).count { shares.place($0).source == 0 } == 3)
    }
  }

  /// Each source is read through, in another order every time, before it is read again.
  @Test func everySourceHasEpochsOfItsOwn() {
    let sizes = [5, 40, 7]
    let order = SampleOrder(mixing: sizes, weights: [0.5, 0.3, 0.2], seed: 3, shuffle: true)
    let samples = order.samples(0..<4 * order.count)
    let ranges = [0..<5, 5..<45, 45..<52]
    for range in ranges {
      let own = samples.filter(range.contains)
      let passes = stride(from: 0, to: own.count - range.count, by: range.count).map {
        Array(own[$0..<$0 + range.count])
      }
      #expect(passes.count > 2 && passes.allSatisfy { Set($0) == Set(range) })
      #expect(Set(passes).count > 1)
    }
    // The order is a function of the number alone.
    for start in [0, 1, 17, order.count - 1, order.count + 5] {
      #expect(order.samples(start..<start + 33) == Array(samples[start..<start + 33]))
    }
    #expect(Set(order.samples(0..<order.count)) == Set(0..<52))
    #expect(Set(order.samples(0..<order.count - 1)).count < 52 || order.count == 52)
    #expect(!order.isOnePass && order.sampleCount == 52 && order.spread(1000).count == 52)
  }

  /// all_exhausted of Hugging Face's interleave_datasets: 40 samples at 30 % take 134 of all.
  @Test func anEpochEndsWhenEverySourceHasBeenRead() {
    let order = SampleOrder(mixing: [5, 40], weights: [0.7, 0.3], seed: 1, shuffle: false)
    #expect(SourceShares([0.7, 0.3]).counts(of: order.count)[1] == 40)
    #expect(SourceShares([0.7, 0.3]).counts(of: order.count - 1)[1] == 39)
    #expect(
      order.passes.map { ($0 * 10).rounded() / 10 }
        == [Double(order.count - 40) / 5, 1].map { ($0 * 10).rounded() / 10 })
    // Weights that nobody's run comes to the end of are no endless search.
    #expect(SampleOrder(mixing: [1, 1 << 30], weights: [1e9, 1e-6], seed: 1, shuffle: true).count > 1 << 50)
  }

  @Test func windowsComeFromTheStreamsInTheirShares() throws {
    let paths = try ["a", "b"].map { letter in
      try folder.write(String(repeating: letter, count: letter == "a" ? 100 : 900), to: "\(letter).txt")
    }
    func data(_ weights: [Double]?) throws -> PretrainingData {
      try PretrainingData.open(
        .init(train: paths, weights: weights, validationFraction: 0.2), tokenizer: .bytes, vocabularySize: 257,
        cache: folder("cache"))
    }
    let opened = try data([0.25, 0.75])
    let loader = try WindowLoader(
      opened.trained, weights: [0.25, 0.75], sequenceLength: 8, seed: 1, cutting: .init())
    let batch = try loader.batch(samples: loader.order.samples(0..<40))
    let firsts = (0..<40).map { batch.tokens[$0 * 8] }
    #expect(firsts.count { $0 == 97 } == 10 && firsts.count { $0 == 98 } == 30)
    #expect(loader.sampleCount == 9 + 89 && loader.tokenCount == 8 * 98)
    // A part of each is held out, and is measured once.
    let heldOut = try WindowLoader(
      opened.heldOut, sequenceLength: 8, seed: 1, shuffle: false, cutting: .init(keepsTail: true))
    #expect(heldOut.order.isOnePass && heldOut.tokenCount == 19 + 179)
    let other = try WindowLoader(opened.trained, weights: [0.5, 0.5], sequenceLength: 8, seed: 1, cutting: .init())
    #expect(loader.fingerprint != other.fingerprint)
    #expect(try data(nil).trained.count == 1)
  }

  @Test func rowsComeFromTheSourcesInTheirShares() throws {
    let paths = try ["a", "b"].map { letter in
      let count = letter == "a" ? 4 : 30
      let rows = (0..<count).map { "{\"prompt\": \"\($0)\", \"completion\": \"\(letter)\"}\n" }
      return try folder.write(rows.joined(), to: "\(letter).jsonl")
    }
    let data = try InstructionData.open(paths, settings: .init(maximumLength: 64), format: .bytes(.plain))
    #expect(data.ends == [4, 34])
    for packing in [false, true] {
      let mixture = Mixture(ends: data.ends, weights: [1, 1])
      let loader = ExampleLoader(
        data.examples, digest: "", sequenceLength: 64, seed: 1, packing: packing, mixture: mixture)
      let letters = loader.order.samples(0..<20).map { sample -> Set<Int32> in
        Set(loader.batch(samples: [sample]).tokens.filter { $0 == 97 || $0 == 98 })
      }
      // A row never has examples of both.
      #expect(letters.allSatisfy { $0.count == 1 })
      #expect(letters.count { $0 == [97] } == 10, "packing \(packing)")
      #expect(
        loader.fingerprint
          != ExampleLoader(data.examples, digest: "", sequenceLength: 64, seed: 1, packing: packing).fingerprint)
    }
    let parts = try data.split(fraction: 0.25, seed: 5)
    #expect(
      parts.train.ends.last == parts.train.examples.count
        && parts.validation.ends.last == parts.validation.examples.count)
    #expect(parts.train.ends[0] == 3 && parts.validation.ends[0] == 1)
  }

  /// Steps until so many tokens are read: epochs of different lengths are counted sample by sample.
  @Test func tokensAreCountedSampleBySample() throws {
    var examples = TokenizedExamples()
    for length in [4, 4, 20, 20, 20] {
      examples.append(tokens: (0..<Int32(length)).map { $0 }, isTrained: (0..<length).map { $0 > 0 })
    }
    let loader = ExampleLoader(
      examples, digest: "", sequenceLength: 32, seed: 1, packing: false,
      mixture: Mixture(ends: [2, 5], weights: [3, 1]))
    let batches = EpochBatches(of: 2, outOf: loader.order.count)
    for tokens in [1, 100, 333, 1000] {
      let steps = batches.steps(ofTokens: tokens, of: loader)
      func read(_ steps: Int) -> Int {
        loader.order.samples(0..<batches.consumed(after: steps)).reduce(0) { $0 + loader.tokenCount(ofSample: $1) }
      }
      #expect(read(steps) >= tokens && (steps == 1 || read(steps - 1) < tokens), "\(tokens)")
    }
  }
}
