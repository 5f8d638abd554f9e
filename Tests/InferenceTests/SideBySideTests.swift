import Files
import Inference
import Models
import Support
import Testing

/// Texts that are written side by side are those that are written one after the other.
@Suite struct SideBySideTests {
  private static let prompts: [[Int32]] = [
    [72, 101], [72, 101, 108, 108, 111], [72, 101, 108, 108, 111], [1], [200, 3, 256, 3, 3, 7, 8, 9], [72, 101], [33],
  ]

  private func texts(
    _ generator: TextGenerator, _ options: GenerationOptions, width: Int
  ) throws(Failure) -> [Completion] {
    let requests = Self.prompts.enumerated().map { GenerationRequest(prompt: $1, seed: UInt64(100 + $0)) }
    var found: [Completion] = []
    try generator.complete(requests, options: options, width: width) { index, completion in
      #expect(index == found.count)
      found.append(completion)
    }
    return found
  }

  @Test(arguments: [TinyModel.llama, TinyModel.gpt2], [1, 2, 3, 16])
  func theyAreThoseWrittenAlone(_ configuration: String, width: Int) throws {
    let generator = try TinyModel.generator(configuration, endTokens: [5, 60, 200])
    var options = GenerationOptions()
    options.maximumTokens = 50
    options.sampling.topP = 0.9
    let found = try texts(generator, options, width: width)
    #expect(found.count == Self.prompts.count)
    var reasons: Set<Completion.StopReason> = []
    for (index, completion) in found.enumerated() {
      options.seed = UInt64(100 + index)
      let alone = try generator.complete(Self.prompts[index], options: options)
      #expect(completion.tokens == alone.tokens && completion.text == alone.text)
      #expect(completion.stopReason == alone.stopReason && completion.promptTokens == alone.promptTokens)
      #expect(zip(completion.logProbabilities, alone.logProbabilities).allSatisfy { abs($0 - $1) < 1e-4 })
      reasons.insert(completion.stopReason)
    }
    // Texts of different lengths, so that others have come after those that ended.
    #expect(Set(found.map(\.tokens.count)).count > 2 && reasons.contains(.endOfText))
  }

  /// Two of three widths of a batch give the same bits: none depends on the texts beside it.
  @Test func theNeighboursChangeNoBit() throws {
    let generator = try TinyModel.generator(endTokens: [])
    var options = GenerationOptions()
    options.maximumTokens = 12
    let (few, many) = (try texts(generator, options, width: 3), try texts(generator, options, width: 7))
    #expect(zip(few, many).prefix(6).allSatisfy { $0.logProbabilities == $1.logProbabilities })
  }

  /// Angles that change with the length of a text, as of longrope and dynamic scaling, are those of each text.
  @Test(arguments: [
    #"{"rope_type": "dynamic", "factor": 2.0}"#,
    #"""
    {"rope_type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [1.25, 8.0], "factor": 4.0,
     "original_max_position_embeddings": 10}
    """#,
  ])
  func anglesAreThoseOfEachText(_ scaling: String) throws {
    let positions = scaling.contains("dynamic") ? 10 : 64
    let text = TinyModel.llama.replacing(
      "\"initializer_range\"", with: "\"rope_scaling\": \(scaling), \"initializer_range\"")
    let generator = try TinyModel.generator(text, positions: positions, endTokens: [])
    var options = GenerationOptions()
    options.maximumTokens = 14
    options.sampling.temperature = 0
    for (index, completion) in try texts(generator, options, width: 16).enumerated() {
      let alone = try generator.complete(Self.prompts[index], options: options)
      #expect(completion.tokens == alone.tokens)
      #expect(zip(completion.logProbabilities, alone.logProbabilities).allSatisfy { abs($0 - $1) < 1e-4 })
    }
  }

  @Test func noTokensAndTooLongAPrompt() throws {
    let generator = try TinyModel.generator(positions: 8)
    var options = GenerationOptions()
    options.maximumTokens = 0
    #expect(try texts(generator, options, width: 2).allSatisfy { $0.tokens.isEmpty && $0.text.isEmpty })
    let long = [
      GenerationRequest(prompt: [1], seed: 1), GenerationRequest(prompt: .init(repeating: 1, count: 9), seed: 1),
    ]
    #expect(throws: Failure.self) { try generator.complete(long) { _, _ in Issue.record("a text") } }
  }
}
