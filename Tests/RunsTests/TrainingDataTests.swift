import Corpus
import Runs
import Testing

@Suite struct TrainingDataTests {
  private struct Answers: AnswerPairs {
    let count = 3
    let digest = "three"
    subscript(index: Int) -> AnswerPair { AnswerPair(prompt: [1, 2], first: [3], second: [4, Int32(index)]) }
  }

  private static var conversations: ExampleLoader {
    var examples = TokenizedExamples()
    examples.append(tokens: [1, 2], isTrained: [false, true])
    return ExampleLoader(examples, digest: "", sequenceLength: 8, seed: 1)
  }

  private static func scores(_ loader: PairLoader) -> [[Double]] {
    (0..<loader.sampleCount).map { [-Double($0), -10] }
  }

  @Test func bothPartsAreScored() throws {
    let pairs = PairLoader(Answers(), seed: 1, shuffle: false)
    let data = try TrainingData(train: pairs, validation: pairs).withReferences(Self.scores)
    for loader in [data.train, try #require(data.validation)] {
      #expect(try loader.batch(samples: [0, 2]).answers.map(\.reference) == [0, -10, -2, -10])
    }
  }

  /// Nothing is trained without the reference that its objective asks for.
  @Test func samplesThatAreNoAnswersCannotBeScored() async {
    await #expect(processExitsWith: .failure) {
      _ = try TrainingData(train: Self.conversations, validation: nil).withReferences(Self.scores)
    }
    await #expect(processExitsWith: .failure) {
      let pairs = PairLoader(Answers(), seed: 1)
      _ = try TrainingData(train: pairs, validation: Self.conversations).withReferences(Self.scores)
    }
  }
}
