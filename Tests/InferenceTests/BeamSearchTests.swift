import Foundation
import Inference
import Models
import Testing

@Suite struct BeamSearchTests {
  private static func options(_ beams: Int, _ tokens: Int, lengthPenalty: Double = 1) -> GenerationOptions {
    var options = GenerationOptions()
    options.beams = beams
    options.maximumTokens = tokens
    options.lengthPenalty = lengthPenalty
    return options
  }

  /// The best of all texts of at most `length` tokens that end with `end` or have `length` tokens.
  private func bestOfAll(
    _ model: any LanguageModel, after prompt: [Int32], end: Int32, length: Int, lengthPenalty: Double
  ) -> (tokens: [Int32], worth: Double) {
    var best: (tokens: [Int32], worth: Double) = ([], -.infinity)
    var open: [(tokens: [Int32], score: Double)] = [([], 0)]
    while let (tokens, score) = open.popLast() {
      if tokens.last == end || tokens.count == length {
        let worth = score / pow(Double(tokens.count), lengthPenalty)
        if worth > best.worth { best = (tokens, worth) }
        continue
      }
      for (token, logProbability) in model.fullLogProbabilities(prompt + tokens).enumerated() {
        open.append((tokens + [Int32(token)], score + logProbability))
      }
    }
    return best
  }

  /// With as many beams as there are texts, the search is exhaustive.
  @Test(arguments: 1...8 as ClosedRange<UInt64>, [0, 0.5, 1, 2])
  func enoughBeamsFindTheBestOfAllTexts(_ seed: UInt64, _ lengthPenalty: Double) throws {
    let generator = try TinyModel.generator(vocabulary: 6, seed: seed, endTokens: [0])
    let prompt: [Int32] = [1, 5, 2]
    let best = bestOfAll(generator.model, after: prompt, end: 0, length: 4, lengthPenalty: lengthPenalty)
    let completion = try generator.complete(
      prompt, options: Self.options(1300, 4, lengthPenalty: lengthPenalty))
    #expect(completion.tokens == best.tokens)
    let score = completion.logProbabilities.reduce(0, +)
    #expect(abs(score / pow(Double(completion.tokens.count), lengthPenalty) - best.worth) < 1e-4)
    #expect(completion.stopReason == (best.tokens.last == 0 ? .endOfText : .maximumTokens))
  }

  /// A narrow beam against the same search by full passes, spelled out step by step.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 80, 164, 218] as [UInt64], [2, 3, 4])
  func narrowBeamsFollowHuggingFace(_ seed: UInt64, _ beams: Int) throws {
    let generator = try TinyModel.generator(vocabulary: 12, seed: seed, endTokens: [0])
    let prompt: [Int32] = [3, 1]
    var live: [(tokens: [Int32], score: Double)] = [([], 0)]
    var done: [(tokens: [Int32], worth: Double)] = []
    var isDone = false
    for length in 1...8 where !isDone {
      let all = live.flatMap { beam in
        generator.model.fullLogProbabilities(prompt + beam.tokens).enumerated().map {
          (tokens: beam.tokens + [Int32($0)], score: beam.score + $1)
        }
      }.sorted { $0.score > $1.score }.prefix(2 * beams)
      live = []
      for (rank, candidate) in all.enumerated() where live.count < beams {
        if candidate.tokens.last != 0 {
          live.append(candidate)
        } else if rank < beams {
          done.append((candidate.tokens, candidate.score / Double(length)))
        }
      }
      done = Array(done.sorted { $0.worth > $1.worth }.prefix(beams))
      isDone = done.count == beams && live.first.map { done.last!.worth >= $0.score / Double(length) } ?? true
    }
    if !isDone { done += live.map { ($0.tokens, $0.score / 8) } }
    let completion = try generator.complete(prompt, options: Self.options(beams, 8))
    #expect(completion.tokens == done.max { $0.worth < $1.worth }!.tokens)
  }

  /// One beam that is followed to its end is greedy generation.
  @Test(arguments: 1...6 as ClosedRange<UInt64>) func oneBeamIsGreedy(_ seed: UInt64) throws {
    let generator = try TinyModel.generator(vocabulary: 12, seed: seed, endTokens: [0])
    var options = Self.options(1, 12)
    options.sampling.temperature = 0
    let greedy = try generator.complete([3, 1], options: options)
    let beam = try BeamSearch(generator: generator, prompt: [3, 1], options: options).run()
    #expect(beam.tokens == greedy.tokens)
    #expect(beam.text == greedy.text)
    #expect(beam.stopReason == greedy.stopReason)
  }

  @Test func aStopStringEndsABeam() throws {
    let generator = try TinyModel.generator(seed: 3, endTokens: [])
    var options = Self.options(3, 20)
    let plain = try generator.complete([65], options: options)
    #expect(plain.tokens.count == 20)
    let characters = Array(plain.text)
    options.stopStrings = [String(characters[4...5])]
    let completion = try generator.complete([65], options: options)
    #expect(!completion.text.contains(options.stopStrings[0]))
  }
}
