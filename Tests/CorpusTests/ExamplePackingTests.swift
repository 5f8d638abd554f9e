import Corpus
import Testing

@Suite struct ExamplePackingTests {
  /// The longest first, each into the fullest row with room: 7, 6, 4 beside 6, 3 beside 7, then 2 and 2.
  @Test func bestFitDecreasing() {
    #expect(Packing.bestFitDecreasing([3, 7, 2, 6, 2, 4], capacity: 10) == [[1, 0], [3, 5], [2, 4]])
    #expect(Packing.bestFitDecreasing([10, 10], capacity: 10) == [[0], [1]])
    #expect(Packing.bestFitDecreasing([], capacity: 10) == [])
  }

  @Test func nextFitKeepsTheOrder() {
    #expect(Packing.nextFit([3, 7, 2, 6, 2, 4], capacity: 10) == [[0, 1], [2, 3, 4], [5]])
    #expect(Packing.nextFit([10, 1, 9, 1], capacity: 10) == [[0], [1, 2], [3]])
    #expect(Packing.nextFit([], capacity: 10) == [])
  }

  /// Four answers of one token after prompts of 3, 6, 2 and 5: with a shuffle they are packed as tightly as they can be, without
  /// one they stay as the file has them.
  @Test func withoutAShuffleExamplesAreReadInTheirOrder() throws {
    var examples = TokenizedExamples()
    for (index, length) in [4, 7, 3, 6].enumerated() {
      examples.append(
        tokens: Array(repeating: Int32(index), count: length), isTrained: (0..<length).map { $0 == length - 1 })
    }
    func rows(shuffle: Bool) -> ([[Int32]], String, String) {
      let loader = ExampleLoader(examples, digest: "", sequenceLength: 9, seed: 1, shuffle: shuffle)
      let rows = (0..<loader.sampleCount).map {
        loader.batch(samples: [$0]).tokens.reduce(into: [Int32]()) {
          if $0.last != $1 { $0.append($1) }
        }
      }
      return (rows, loader.fingerprint, loader.summary)
    }
    let (ordered, shuffled) = (rows(shuffle: false), rows(shuffle: true))
    #expect(ordered.0 == [[0, 1], [2, 3]])
    #expect(shuffled.0 == [[1, 0], [3, 2]])
    #expect(ordered.1 != shuffled.1)
    #expect(ordered.2.hasSuffix(", filled in the files' order") && !shuffled.2.contains("order"))
  }

  @Test func everyExampleIsInOneRowThatHoldsIt() {
    let lengths = (0..<2000).map { 1 + ($0 * 7919) % 97 }
    let rows = Packing.bestFitDecreasing(lengths, capacity: 100)
    #expect(rows.flatMap(\.self).sorted() == Array(lengths.indices))
    #expect(rows.allSatisfy { row in row.reduce(0) { $0 + lengths[$1] } <= 100 })
    #expect(rows.count < 2000 * 49 / 100 * 102 / 100 + 1)
  }

  /// Two examples of a row: what follows the last trained token is not read, the first token is nobody's target.
  @Test func aRowOfExamples() {
    var examples = TokenizedExamples()
    examples.append(tokens: [10, 11, 12, 13, 14] as [Int32], isTrained: [false, false, true, true, false])
    examples.append(tokens: [20, 21] as [Int32], isTrained: [false, true])
    let loader = ExampleLoader(examples, digest: "", sequenceLength: 8, seed: 1, shuffle: false)
    #expect(loader.sampleCount == 1)
    let batch = loader.batch(samples: [0])
    #expect(batch.tokens == [10, 11, 12, 20])
    #expect(batch.targets == [-1, 12, 13, 21])
    #expect(batch.layout.positions == [0, 1, 2, 0])
    #expect(batch.layout.visible.firsts == [0, 0, 0, 3])
    #expect((batch.rows, batch.columns, batch.weight) == (1, 4, 3))
    // The tokens of the examples, read or not.
    #expect(batch.tokenCount == 7 && loader.tokenCount == 7)
    let separate = ExampleLoader(examples, digest: "", sequenceLength: 8, seed: 1, packing: false)
    #expect(separate.sampleCount == 2 && separate.fingerprint != loader.fingerprint)
  }

  /// Sixteen tokens that both examples begin with, then 50 and 60; the two after those are trained.
  @Test func examplesShareTheirBeginning() {
    let beginning = Array(Int32(1)...16)
    func loader(trainedFrom start: Int, reading: TextReading = .shared) -> ExampleLoader {
      var examples = TokenizedExamples()
      for own in [[50, 51, 52], [60, 61, 62]] as [[Int32]] {
        examples.append(tokens: beginning + own, isTrained: (0..<19).map { $0 >= start })
      }
      return ExampleLoader(
        examples, digest: "", sequenceLength: 64, seed: 1, shuffle: false, reading: reading)
    }
    let batch = loader(trainedFrom: 17).batch(samples: [0])
    #expect(batch.tokens == beginning + [50, 51, 60, 61])
    #expect(batch.targets == Array(repeating: -1, count: 16) + [51, 52, 61, 62])
    #expect(batch.layout.positions == Array(0..<16) + [16, 17, 16, 17])
    #expect(batch.layout.visible.firsts == Array(repeating: 0, count: 20))
    #expect(batch.layout.visible.gap?.starts == Array(repeating: 0, count: 16) + [16, 16, 16, 16])
    #expect(batch.layout.visible.gap?.ends == Array(repeating: 0, count: 16) + [16, 16, 18, 18])
    #expect(batch.tokenCount == 38 && batch.weight == 4)
    // The last token of the beginning would predict 50 and 60.
    #expect(loader(trainedFrom: 16).batch(samples: [0]).columns == 36)
    #expect(loader(trainedFrom: 17, reading: .apart).batch(samples: [0]).columns == 36)
  }

  /// Examples that are read whole share nothing and go on to their ends, whose tokens predict nothing.
  @Test func examplesAreReadWhole() {
    var examples = TokenizedExamples()
    let beginning = Array(Int32(1)...17)
    examples.append(tokens: beginning + [50, 51], isTrained: (0..<19).map { $0 == 17 })
    examples.append(tokens: beginning + [60], isTrained: (0..<18).map { $0 == 17 })
    func loader(_ reading: TextReading) -> ExampleLoader {
      ExampleLoader(examples, digest: "", sequenceLength: 37, seed: 1, shuffle: false, reading: reading)
    }
    let batch = loader(.whole).batch(samples: [0])
    let tokens: [[Int32]] = [beginning, [50, 51], beginning, [60]]
    #expect(batch.tokens == tokens.flatMap(\.self))
    let none = [Int32](repeating: -1, count: 16)
    let targets: [[Int32]] = [none, [50, -1, -1], none, [60, -1]]
    #expect(batch.targets == targets.flatMap(\.self))
    #expect(batch.layout.positions == Array(0..<19) + Array(0..<18))
    #expect(batch.layout.documents.map(\.reach) == [19, 18] && batch.layout.visible.gap == nil)
    #expect(loader(.whole).length(ofSample: 0) == 37 && batch.tokenCount == 37)
    #expect(loader(.whole).fingerprint != loader(.apart).fingerprint)
  }

  /// p = 1 2 3, a = 4 5, b = 6: the last token of the prompt begins both branches, and b's does not see a's.
  @Test func aPairOfAnswers() {
    let loader = PairLoader(OnePair(), seed: 1).with(references: [[-1, -2]])
    let batch = loader.batch(samples: [0])
    #expect(batch.tokens == [1, 2, 3, 4, 3])
    #expect(batch.targets == [-1, -1, 4, 5, 6])
    #expect(batch.layout.positions == [0, 1, 2, 3, 2])
    #expect(batch.layout.visible.firsts == [0, 0, 0, 0, 0])
    #expect(batch.layout.visible.gap?.starts == [0, 0, 0, 0, 2])
    #expect(batch.layout.visible.gap?.ends == [0, 0, 0, 0, 4])
    #expect(batch.answers.map(\.places) == [2..<4, 4..<5])
    #expect(batch.answers.map(\.isPreferred) == [true, false])
    #expect(batch.answers.map(\.reference) == [-1, -2])
    #expect(loader.length(ofSample: 0) == 5)
    // p a and p b.
    #expect(batch.tokenCount == 9 && loader.tokenCount == 9)
  }

  @Test func aPairOfAnswersThatAreReadWhole() {
    let loader = PairLoader(OnePair(), seed: 1, readsWhole: true).with(references: [[-1, -2]])
    let batch = loader.batch(samples: [0])
    #expect(batch.tokens == [1, 2, 3, 4, 5, 1, 2, 3, 6])
    #expect(batch.targets == [-1, -1, 4, 5, -1, -1, -1, 6, -1])
    #expect(batch.layout.positions == [0, 1, 2, 3, 4, 0, 1, 2, 3])
    #expect(batch.layout.visible.firsts == [0, 0, 0, 0, 0, 5, 5, 5, 5] && batch.layout.visible.gap == nil)
    #expect(batch.answers.map(\.places) == [2..<4, 7..<8])
    #expect(batch.answers.map(\.reference) == [-1, -2])
    #expect(loader.length(ofSample: 0) == 9 && batch.tokenCount == 9)
    #expect(loader.fingerprint != PairLoader(OnePair(), seed: 1).fingerprint)
    #expect(OnePair().longest == 5)
  }
}

private struct OnePair: AnswerPairs {
  var count: Int { 1 }
  subscript(index: Int) -> AnswerPair { AnswerPair(prompt: [1, 2, 3], first: [4, 5], second: [6]) }
  var digest: String { "one" }
}
