import Files
import Support
import Testing
import Tokenizers

@Suite struct TrainingTests {
  /// The merges as pairs of byte strings.
  private func merges(of tokenizer: Tokenizer) -> [[[UInt8]]] {
    tokenizer.mergeTexts.map { text in
      text.split(separator: " ").map { part in
        // Of the tokenizer's texts, only this one is spelled so.
        tokenizer.token(Int32(tokenizer.texts.firstIndex(of: String(part))!))!
      }
    }
  }

  @Test func theFastLearnerMakesTheMergesOfTheSlowOne() throws {
    var generator = SeededGenerator(seed: 11)
    for round in 0..<25 {
      // Few different parts make many ties and long runs.
      let parts = round % 2 == 0 ? ["a", "b", "ab", "aa", " "] : textParts
      let text = Array(generator.text(of: parts, upTo: 250).utf8)
      let preTokenizer = PreTokenizer.allCases[round % PreTokenizer.allCases.count]
      let tokenizer = try Tokenizer.train(
        on: [text], vocabularySize: 300, specialTokens: [], preTokenizer: preTokenizer)
      let expected = naiveMerges(of: pieces(of: text, preTokenizer), count: 44)
      #expect(merges(of: tokenizer) == expected)
    }
  }

  @Test func neitherTheOrderNorTheCuttingOfTheTextsMatters() throws {
    let texts = ["low low low lower", " lower newest newest", " widest widest widest"].map { Array($0.utf8) }
    let once = try Tokenizer.train(on: texts, vocabularySize: 280)
    #expect(try Tokenizer.train(on: texts.reversed(), vocabularySize: 280).json() == once.json())
    #expect(try Tokenizer.train(on: [Array(texts.joined())], vocabularySize: 280).json() == once.json())
  }

  /// lo: 4, low: 4 follow from counts; est 5 etc. are ties that the greater pair wins: (s, t) before (e, s).
  @Test func tiesGoToTheLexicographicallyGreaterPair() throws {
    let text = "low low low low low lower lower widest widest widest newest newest newest newest newest newest"
    let texts = text.split(separator: " ").map { Array($0.utf8) }
    let tokenizer = try Tokenizer.train(on: texts, vocabularySize: 256 + 6, specialTokens: [])
    #expect(tokenizer.mergeTexts == ["s t", "e st", "o w", "l ow", "w est", "n e"])
  }

  @Test func specialTokensComeFirstAndAreNotLearnedFrom() throws {
    let text = Array("<|x|>abab<|x|>ab<|x|>".utf8)
    let tokenizer = try Tokenizer.train(on: [text], vocabularySize: 400, specialTokens: ["<|x|>", "<|y|>"])
    #expect(tokenizer.mergeTexts == ["a b", "ab ab"])
    #expect(tokenizer.vocabularySize == 260)
    #expect(tokenizer.id(ofToken: "<|x|>") == 0 && tokenizer.id(ofToken: "<|y|>") == 1)
    #expect(tokenizer.token(2) == [0x21])
    #expect(tokenizer.encode(text, special: .parse) == [0, 259, 0, 258, 0])
  }

  /// A merge that would be spelled like a special token is left out, or `tokenizer.json` would have a name twice.
  @Test func noMergeIsSpelledLikeASpecialToken() throws {
    let texts = Array(repeating: Array(" the".utf8), count: 3)
    let tokenizer = try Tokenizer.train(on: texts, vocabularySize: 300, specialTokens: ["Ġthe"])
    #expect(Set(tokenizer.texts).count == tokenizer.texts.count)
    #expect(try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy").json() == tokenizer.json())
  }

  @Test(arguments: [
    (261, ["a b", "", "c"], "special token 1 is empty"),
    (400, ["<s>", "<s>"], "special token 1, \"<s>\", is special token 0 already"),
    (400, ["é"], "special token 0, \"é\", is the name of a single byte"),
    (257, ["<s>", "</s>"], "a vocabulary of 257 tokens is too small"),
    (-1, [], "a vocabulary of -1 tokens is too small"),
    (Int.max, [], "a vocabulary of \(Int.max) tokens is too large"),
  ])
  func whatCannotBeIsRefused(vocabularySize: Int, special: [String], message: String) {
    let failure = #expect(throws: Failure.self) {
      try Tokenizer.train(on: [Array("abc".utf8)], vocabularySize: vocabularySize, specialTokens: special)
    }
    #expect(failure?.area == .tokenizer)
    #expect(failure?.what == message)
  }

  @Test func aLongRunIsLearnedFromInTimeNearlyProportionalToItsLength() throws {
    try expectNearlyLinear("training on a run") { count in
      let text = [UInt8](repeating: 0x61, count: count)
      _ = try Tokenizer.train(on: [text], vocabularySize: 300, specialTokens: [])
    }
  }
}
