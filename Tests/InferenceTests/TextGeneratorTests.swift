import Files
import Inference
import Testing
import Tokenizers

@Suite struct TextGeneratorTests {
  private static func options(_ change: (inout GenerationOptions) -> Void = { _ in }) -> GenerationOptions {
    var options = GenerationOptions()
    options.maximumTokens = 40
    change(&options)
    return options
  }

  @Test func theTextThatStreamsIsTheText() throws {
    let generator = try TinyModel.generator(endTokens: [])
    var pieces: [String] = []
    let completion = try generator.complete([65], options: Self.options()) { pieces.append($0) }
    #expect(pieces.count > 1)
    #expect(pieces.joined() == completion.text)
    let bytes = Tokenizer.bytes.decode(completion.tokens, skippingSpecial: true)
    #expect(completion.text == String(decoding: bytes, as: UTF8.self))
    #expect(completion.tokens.count == 40 && completion.logProbabilities.count == 40)
  }

  @Test func aSeedGivesTheSameText() throws {
    let generator = try TinyModel.generator()
    let texts = try [1, 1, 2].map { seed in
      try generator.complete([65], options: Self.options { $0.seed = seed }).tokens
    }
    #expect(texts[0] == texts[1])
    #expect(texts[0] != texts[2])
  }

  @Test func theModelsEndOfTextEndsIt() throws {
    let plain = try TinyModel.generator(endTokens: []).complete([65], options: Self.options())
    let end = plain.tokens[20]
    let first = plain.tokens.firstIndex(of: end)!
    let completion = try TinyModel.generator(endTokens: [end]).complete([65], options: Self.options())
    #expect(completion.tokens == Array(plain.tokens[...first]))
    #expect(completion.stopReason == .endOfText)
  }

  /// A stop string of several tokens ends the text before it, wherever its bytes fall.
  @Test(arguments: 1...4) func aStopStringEndsIt(_ length: Int) throws {
    let generator = try TinyModel.generator(endTokens: [])
    let plain = try generator.complete([65], options: Self.options())
    let characters = Array(plain.text)
    let stop = String(characters[12..<12 + length])
    let completion = try generator.complete([65], options: Self.options { $0.stopStrings = [stop] })
    #expect(completion.stopReason == .stopString)
    #expect(plain.text.hasPrefix(completion.text + stop))
    #expect(!completion.text.contains(stop))
    #expect(completion.tokens == Array(plain.tokens.prefix(completion.tokens.count)))
  }

  @Test func positionsRunOut() throws {
    let generator = try TinyModel.generator(positions: 16, endTokens: [])
    for count in [1, 10, 16] {
      let prompt = [Int32](repeating: 65, count: count)
      let completion = try generator.complete(prompt, options: Self.options())
      #expect(completion.stopReason == .contextLimit)
      // The last token needs no position: nothing follows it.
      #expect(completion.tokens.count == 17 - count)
    }
    #expect { try generator.complete([Int32](repeating: 65, count: 17)) } throws: {
      "\($0)".contains("17 tokens, the model takes 16")
    }
  }

  @Test func anEmptyPromptBeginsAText() throws {
    let generator = try TinyModel.generator()
    #expect(try generator.tokens(ofPrompt: "") == [256])
    #expect(try generator.tokens(ofPrompt: "ab") == [97, 98])
    #expect(try generator.tokens(ofPrompt: "a<|endoftext|>b") == [97, 256, 98])
  }

  @Test func zeroTokensAreEmptyText() throws {
    let completion = try TinyModel.generator().complete([65], options: Self.options { $0.maximumTokens = 0 })
    #expect(completion.tokens.isEmpty && completion.text.isEmpty && completion.stopReason == .maximumTokens)
  }

  /// A vocabulary that is larger than the tokenizer's is padded: what is not there is never chosen.
  @Test func tokensThatDoNotExistAreNotChosen() throws {
    let generator = try TinyModel.generator(vocabulary: 2000, endTokens: [])
    let completion = try generator.complete([65], options: Self.options { $0.maximumTokens = 60 })
    #expect(completion.tokens.count == 60)
    #expect(completion.tokens.allSatisfy { $0 < 257 })
  }
}
