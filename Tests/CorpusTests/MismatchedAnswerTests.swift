import Corpus
import Testing

/// Prompts beside the answers of others, as KTO's divergence is estimated from them.
@Suite struct MismatchedAnswerTests {
  /// Answers 10, 11 ... to prompts that end with the numbers given; prompt p has p + 1 tokens.
  private struct Answers: AnswerPairs {
    let prompts: [Int]
    var length = 1
    var count: Int { prompts.count }
    let digest = "answers"

    subscript(index: Int) -> AnswerPair {
      AnswerPair(
        prompt: (0...Int32(prompts[index]))[...].map { $0 }[...],
        first: (0..<Int32(length)).map { Int32(10 + index) + 100 * $0 }[...], isFirstPreferred: index % 2 == 0)
    }
  }

  /// The prompt's last token and the answer of each mismatched document.
  private func pairs(_ batch: Batch) -> [[Int32]] {
    batch.mismatched.flatMap { other in
      other.answers.map { [other.tokens[$0.places.lowerBound]] + other.targets[$0.places] }
    }
  }

  /// (x_i, y_(i - 1)), the first with the last, whatever the parts are.
  @Test(arguments: [1, 2, 3, 5]) func everyPromptHasTheAnswerBeforeIt(_ size: Int) throws {
    let loader = PairLoader(Answers(prompts: [0, 1, 2, 3, 4]), seed: 1, shuffle: false)
    let parts = try loader.microBatches(samples: [4, 0, 2, 3, 1], size: .samples(size))
    #expect(parts.flatMap(pairs) == [[4, 11], [0, 14], [2, 10], [3, 12], [1, 13]])
    #expect(parts.reduce(0) { $0 + $1.answers.count } == 5)
    // The tokens of the examples alone.
    #expect(parts.reduce(0) { $0 + $1.tokenCount } == 20)
  }

  @Test(arguments: [1, 2, 6]) func aPromptNeverHasItsOwnOtherAnswer(_ size: Int) throws {
    let loader = PairLoader(Answers(prompts: [7, 7, 3, 7, 7, 7]), seed: 1, shuffle: false)
    let parts = try loader.microBatches(samples: Array(0..<6), size: .samples(size))
    #expect(parts.flatMap(pairs) == [[7, 12], [7, 12], [3, 11], [7, 12], [7, 12], [7, 12]])
  }

  @Test func withoutAnotherPromptThereIsNone() throws {
    for prompts in [[1], [4, 4, 4]] {
      let loader = PairLoader(Answers(prompts: prompts), seed: 1, shuffle: false)
      let parts = try loader.microBatches(samples: Array(prompts.indices), size: .samples(2))
      #expect(parts.allSatisfy { $0.mismatched.isEmpty })
    }
  }

  /// A prompt of 8 tokens with the answer of another, of 4 tokens, is cut to 10 tokens.
  @Test func anAnswerIsCutToTheLength() throws {
    let loader = PairLoader(Answers(prompts: [7, 0], length: 4), maximumLength: 10, seed: 1, shuffle: false)
    let parts = try loader.microBatches(samples: [0, 1], size: .samples(2))
    #expect(parts.flatMap(pairs) == [[7, 11, 111], [0, 10, 110, 210, 310]])
  }

  @Test func answersInPairsHaveNone() throws {
    struct Pairs: AnswerPairs {
      let count = 3
      let digest = "pairs"
      subscript(index: Int) -> AnswerPair { AnswerPair(prompt: [Int32(index)], first: [1], second: [2]) }
    }
    let parts = try PairLoader(Pairs(), seed: 1).microBatches(samples: [0, 1, 2], size: .samples(2))
    #expect(parts.allSatisfy { $0.mismatched.isEmpty })
  }
}
