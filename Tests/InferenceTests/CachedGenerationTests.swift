import Autograd
import Inference
import Models
import Support
import Testing

@Suite struct CachedGenerationTests {
  static let prompt: [Int32] = [72, 101, 108, 108, 111, 32, 200, 3, 256, 3, 3]

  private func disagreement(_ actual: [Float], _ expected: [Float]) -> String? {
    mismatch(actual, ReferenceArray([expected.count], expected), within: .elementwise(relative: 1e-4, absolute: 1e-5))
  }

  @Test(arguments: [TinyModel.llama, TinyModel.gpt2])
  func theCacheGivesWhatAFullPassGives(_ configuration: String) throws {
    let model = try TinyModel.generator(configuration).model
    let cache = KeyValueCache(for: model, capacity: 64)
    var tokens = Self.prompt
    var logits = model.nextTokenLogits(tokens, cache: cache).elements
    for _ in 0..<40 {
      let full = model.fullLogits(tokens)
      #expect(disagreement(logits, full) == nil)
      let best = Int32(full.firstIndex(of: full.max()!)!)
      #expect(best == Int32(logits.firstIndex(of: logits.max()!)!))
      tokens.append(best)
      logits = model.nextTokenLogits([best], cache: cache).elements
    }
  }

  /// Rotated by angles that follow from the length of a text, beyond 8 positions.
  private static let dynamic = TinyModel.llama.replacing("POSITIONS", with: "8").replacing(
    "\"initializer_range\"", with: #""rope_scaling": {"rope_type": "dynamic", "factor": 2.0}, "initializer_range""#)

  @Test(arguments: [TinyModel.llama, TinyModel.gpt2, dynamic], [1, 2, 3, 5, 10, 11, 12, 100])
  func aPromptInChunksIsThePromptAtOnce(_ configuration: String, _ chunk: Int) throws {
    let model = try TinyModel.generator(configuration).model
    let cache = KeyValueCache(for: model, capacity: 64)
    let logits = model.nextTokenLogits(Self.prompt, chunk: chunk, cache: cache).elements
    #expect(cache.length == Self.prompt.count)
    #expect(disagreement(logits, model.fullLogits(Self.prompt)) == nil)
  }

  @Test func greedyGenerationTakesTheLikeliestTokens() throws {
    let generator = try TinyModel.generator(endTokens: [])
    var options = GenerationOptions()
    options.sampling.temperature = 0
    options.maximumTokens = 30
    let completion = try generator.complete(Self.prompt, options: options)
    var tokens = Self.prompt
    for (token, logProbability) in zip(completion.tokens, completion.logProbabilities) {
      let full = generator.model.fullLogProbabilities(tokens)
      #expect(token == Int32(full.firstIndex(of: full.max()!)!))
      #expect(abs(logProbability - full[Int(token)]) < 1e-4)
      tokens.append(token)
    }
    #expect(completion.tokens.count == 30)
    #expect(completion.stopReason == .maximumTokens)
    #expect(completion.promptTokens == Self.prompt.count)
  }

  @Test func branchesOfACacheGoTheirOwnWays() throws {
    let model = try TinyModel.generator().model
    let cache = KeyValueCache(for: model, capacity: 64)
    _ = model.nextTokenLogits(Self.prompt, cache: cache)
    let ways: [(KeyValueCache, [Int32])] = [(cache, [1, 2, 3]), (cache.branched(), [9, 8]), (cache.branched(), [4])]
    for (own, tokens) in ways {
      var logits: [Float] = []
      for token in tokens { logits = model.nextTokenLogits([token], cache: own).elements }
      #expect(disagreement(logits, model.fullLogits(Self.prompt + tokens)) == nil)
    }
    cache.truncate(to: 5)
    let logits = model.nextTokenLogits([7], cache: cache).elements
    #expect(disagreement(logits, model.fullLogits(Self.prompt[..<5] + [7])) == nil)
  }
}
