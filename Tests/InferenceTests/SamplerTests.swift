import Foundation
import Inference
import Support
import Testing

@Suite struct SamplerTests {
  /// The options, and the distribution they make of the logits ln 8, ln 4, ln 2, ln 1, ln 1 (of 16).
  static let cases: [(change: @Sendable (inout SamplingOptions) -> Void, expected: [Double])] = [
    ({ _ in }, [8, 4, 2, 1, 1]),
    ({ $0.temperature = 0.5 }, [64, 16, 4, 1, 1]),
    ({ $0.temperature = 2 }, [sqrt(8), 2, sqrt(2), 1, 1]),
    ({ $0.topK = 1 }, [1, 0, 0, 0, 0]),
    ({ $0.topK = 3 }, [8, 4, 2, 0, 0]),
    // Ties with the k-th stay, as in Hugging Face's TopKLogitsWarper.
    ({ $0.topK = 4 }, [8, 4, 2, 1, 1]),
    ({ $0.topK = 100 }, [8, 4, 2, 1, 1]),
    // 8/16 is less than 0.6, 12/16 is not.
    ({ $0.topP = 0.6 }, [8, 4, 0, 0, 0]),
    ({ $0.topP = 0.5 }, [8, 0, 0, 0, 0]),
    ({ $0.topP = 0.9 }, [8, 4, 2, 1, 0]),
    ({ $0.topP = 1e-9 }, [1, 0, 0, 0, 0]),
    ({ $0.topP = 1 }, [8, 4, 2, 1, 1]),
    ({ $0.minP = 0.24 }, [8, 4, 2, 0, 0]),
    ({ $0.minP = 0.3 }, [8, 4, 0, 0, 0]),
    ({ $0.minP = 1 }, [1, 0, 0, 0, 0]),
    // The temperature comes first: 64 / 85 is less than 0.8, 80 / 85 is not.
    (
      {
        $0.temperature = 0.5
        $0.topP = 0.8
      }, [64, 16, 0, 0, 0]
    ),
    // The nucleus is that of the k likeliest: 8 / 14 is less than 0.85, 12 / 14 is not. Of all five it would be three.
    (
      {
        $0.topK = 3
        $0.topP = 0.85
      }, [8, 4, 0, 0, 0]
    ),
    // The nucleus comes before the share of the likeliest, which would have changed what it is a share of.
    (
      {
        $0.topP = 0.8
        $0.minP = 0.45
      }, [8, 4, 0, 0, 0]
    ),
  ]

  static let logits: [Float] = [8, 4, 2, 1, 1].map { log($0) }

  @Test(arguments: 0..<cases.count) func theDistributionIsTheOneDerivedByHand(_ number: Int) throws {
    var options = SamplingOptions()
    Self.cases[number].change(&options)
    var sampler = Sampler(options, seed: 1)
    var probabilities = [Double](repeating: 0, count: 5)
    for (token, probability) in sampler.distribution(Self.logits) { probabilities[Int(token)] = probability }
    let expected = Self.cases[number].expected
    let total = expected.reduce(0, +)
    for (probability, weight) in zip(probabilities, expected) { #expect(abs(probability - weight / total) < 1e-6) }
  }

  /// Positive logits are divided, negative ones multiplied, each token once however often it occurred.
  @Test func repetitionIsPenalized() throws {
    var options = SamplingOptions()
    options.repetitionPenalty = 2
    var sampler = Sampler(options, seed: 1)
    sampler.observe([0, 0, 2])
    let distribution = sampler.distribution([2, 1, -1, -1])
    let expected = [1, 1, -2, -1].map { exp(Double($0)) }
    for (token, probability) in distribution {
      #expect(abs(probability - expected[Int(token)] / expected.reduce(0, +)) < 1e-6)
    }
    // What is drawn counts as well: with the penalty, every token comes up once before any comes again.
    options.temperature = 0
    options.repetitionPenalty = 1000
    sampler = Sampler(options, seed: 1)
    var tokens: Set<Int32> = []
    for _ in 0..<4 { tokens.insert(try sampler.next([4, 3, 2, 1]).token) }
    #expect(tokens == [0, 1, 2, 3])
  }

  @Test func drawsFollowTheDistribution() throws {
    var sampler = Sampler(SamplingOptions(), seed: 7)
    var counts = [Int](repeating: 0, count: 5)
    let draws = 20_000
    for _ in 0..<draws {
      let (token, logProbability) = try sampler.next(Self.logits)
      counts[Int(token)] += 1
      #expect(abs(logProbability - (Double(Self.logits[Int(token)]) - log(16))) < 1e-6)
    }
    // Pearson's statistic with four degrees of freedom exceeds 23.5 once in ten thousand seeds.
    let statistic = zip(counts, [8, 4, 2, 1, 1]).reduce(0) { sum, pair in
      let expected = Double(draws) * pair.1 / 16
      return sum + (Double(pair.0) - expected) * (Double(pair.0) - expected) / expected
    }
    #expect(statistic < 23.5, "\(counts)")
  }

  @Test func aSeedGivesTheSameDraws() throws {
    func draws(_ seed: UInt64) throws -> [Int32] {
      var sampler = Sampler(SamplingOptions(), seed: seed)
      return try (0..<50).map { _ in try sampler.next(Self.logits).token }
    }
    #expect(try draws(1) == draws(1))
    #expect(try draws(1) != draws(2))
  }

  @Test func theLargestNumbersAreFound() {
    var generator = SeededGenerator(seed: 3)
    for count in [1, 2, 3, 10, 257] {
      for ties in [1, 5, 1000] {
        let numbers = (0..<count).map { _ in Float(Int.random(in: 0..<ties, using: &generator)) }
        let sorted = numbers.sorted(by: >)
        for k in 1...count { #expect(Sampler.largest(k, of: numbers) == sorted[k - 1]) }
      }
    }
  }

  /// A nucleus that is found without sorting every token is the one that sorting finds.
  @Test func theNucleusOfManyTokensIsThatOfASort() throws {
    var generator = SeededGenerator(seed: 4)
    for share in [0.01, 0.3, 0.9, 0.99, 0.9999] {
      let logits = generator.normals([3000], deviation: 3).floats
      var options = SamplingOptions()
      options.topP = share
      var sampler = Sampler(options, seed: 1)
      let weights = logits.map { exp(Double($0)) }
      let total = weights.reduce(0, +)
      var sum = 0.0
      let ranked = weights.indices.sorted { weights[$0] > weights[$1] }
      let nucleus = ranked.prefix { index in
        defer { sum += weights[index] }
        return sum < share * total
      }
      #expect(sampler.distribution(logits).map { Int($0.token) } == nucleus.sorted())
    }
  }

  @Test(arguments: [Float.nan, .infinity]) func logitsThatAreNotFiniteAreAFailure(_ value: Float) {
    var sampler = Sampler(SamplingOptions(), seed: 1)
    for place in 0..<3 {
      var logits: [Float] = [1, 2, 3]
      logits[place] = value
      #expect { _ = try sampler.next(logits) } throws: { "\($0)".hasPrefix("error[numerics]") }
    }
  }
}
