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

  /// A special token is found by its text, which is never shown.
  @Test(arguments: [1, 2]) func theTextOfASpecialTokenStops(_ beams: Int) throws {
    let generator = try TinyModel.generator(endTokens: [])
    let configuration = try TinyModel.configuration(vocabulary: 258)
    let model = configuration.makeModel(seed: 1)
    let tokenizer = try Tokenizer.bytes.adding(special: ["<|turn|>"])
    let plain = try generator.complete([65], options: Self.options { $0.sampling.temperature = 0 })
    // The head's row of the third token, a little longer, is that of the special token: it comes first now.
    let third = Int(plain.tokens[2])
    for (old, new) in zip(generator.model.namedParameters, model.namedParameters) {
      let (columns, count) = (old.value.shape.count / old.value.shape[0], old.value.shape.count)
      new.mutableBuffer[0..<count].assign(old.value.elements)
      if new.value.shape.count > count {
        let row = old.value.elements[third * columns..<(third + 1) * columns].map { $0 * 1.5 }
        new.mutableBuffer[count..<count + columns].assign(row)
      }
    }
    var options = Self.options {
      ($0.stopStrings, $0.sampling.temperature, $0.beams) = (["<|turn|>"], 0, beams)
    }
    let stopped = try TextGenerator(model, tokenizer, endTokens: []).complete([65], options: options)
    #expect(stopped.tokens.last == 257 && stopped.stopReason == .stopString, "\(stopped.tokens)")
    #expect(!stopped.text.contains("turn"))
    options.stopStrings = ["turn"]
    #expect(
      try TextGenerator(model, tokenizer, endTokens: []).complete([65], options: options).stopReason == .maximumTokens)
  }

  /// Log-probabilities are those of the whole vocabulary, as in an evaluation.
  @Test(arguments: [1, 2]) func paddingCountsInProbabilities(_ beams: Int) throws {
    let generator = try TinyModel.generator(vocabulary: 400, endTokens: [])
    let options = Self.options { ($0.maximumTokens, $0.sampling.temperature, $0.beams) = (4, 0, beams) }
    let completion = try generator.complete([65], options: options)
    var text: [Int32] = [65]
    for (token, logProbability) in zip(completion.tokens, completion.logProbabilities) {
      let expected = generator.model.fullLogProbabilities(text)[Int(token)]
      #expect(abs(logProbability - expected) < 1e-4)
      text.append(token)
    }
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

  /// Every token is the likeliest after what the model reads: all of the text, or its end since positions last ran out.
  @Test func theWindowSlidesOverTheEndOfTheText() throws {
    let generator = try TinyModel.generator(positions: 16, endTokens: [])
    let options = Self.options { ($0.sampling.temperature, $0.slidesWindow) = (0, true) }
    for count in [1, 10, 16] {
      var text = (0..<count).map { Int32(65 + $0) }
      let completion = try generator.complete(text, options: options)
      #expect(completion.tokens.count == 40 && completion.stopReason == .maximumTokens)
      var window = text
      for token in completion.tokens {
        let next = generator.model.fullLogProbabilities(window)
        #expect(Int(token) == next.indices.max { next[$0] < next[$1] })
        text.append(token)
        window = window.count == 16 ? Array(text.suffix(12)) : window + [token]
      }
      let requests = [
        GenerationRequest(prompt: Array(text.prefix(count)), seed: 1), GenerationRequest(prompt: [70], seed: 1),
      ]
      var together: [Completion] = []
      try generator.complete(requests, options: options) { together.append($1) }
      #expect(together[0].tokens == completion.tokens)
    }
  }

  /// The token that begins texts stays before the window, but where there is a single position.
  @Test(arguments: 1...4) func aWindowOfFewPositionsSlides(_ positions: Int) throws {
    var names = NamedTokens()
    names["bos_token"] = "A"
    let tokenizer = try Tokenizer.bytes.naming(names).addingBeginningOfText(true)
    let model = try TinyModel.configuration(positions: positions).makeModel(seed: 1)
    let generator = TextGenerator(model, tokenizer, endTokens: [])
    let completion = try generator.complete([65], options: Self.options { $0.slidesWindow = true })
    #expect(completion.tokens.count == 40 && completion.stopReason == .maximumTokens)
  }

  @Test func anInterruptedTextIsWhatItIsSoFar() throws {
    let generator = try TinyModel.generator(endTokens: [])
    let plain = try generator.complete([65], options: Self.options())
    var asked = 0
    let completion = try generator.complete(
      [65], options: Self.options(),
      isInterrupted: {
        asked += 1
        return asked == 7
      })
    #expect(completion.tokens == Array(plain.tokens.prefix(7)) && completion.stopReason == .interrupted)
    #expect(plain.text.hasPrefix(completion.text.prefix { $0 != "\u{FFFD}" }))
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
