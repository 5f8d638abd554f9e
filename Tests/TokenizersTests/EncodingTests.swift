import Files
import Support
import Testing
import Tokenizers

@Suite struct EncodingTests {
  @Test func encodingIsThatOfTheSlowTwin() {
    let tokenizer = smallTokenizer
    var ranks: [[[UInt8]]: Int] = [:]
    for (rank, merge) in tokenizer.mergeTexts.enumerated() {
      let pair = merge.split(separator: " ").map { part in
        tokenizer.token(Int32(tokenizer.texts.firstIndex(of: String(part))!))!
      }
      ranks[pair] = rank
    }
    var generator = SeededGenerator(seed: 1)
    for round in 0..<400 {
      // Long pieces are merged by a heap, short ones by searching.
      let text = generator.text(of: round % 2 == 0 ? textParts : ["the", "r", "e", "th", "in", "g", "n"], upTo: 80)
      let expected = pieces(of: Array(text.utf8), .gpt2).flatMap { naiveEncoding(of: $0, ranks: ranks) }
      #expect(tokenizer.encode(text).map { tokenizer.token($0)! } == expected)
    }
  }

  @Test func anyBytesComeBackExactly() {
    var generator = SeededGenerator(seed: 2)
    for tokenizer in [smallTokenizer, .bytes] {
      for _ in 0..<500 {
        let bytes = generator.bytes(upTo: 200)
        #expect(tokenizer.decode(tokenizer.encode(bytes)) == bytes)
        let text = generator.text(of: textParts + ["<|end|>", "<|endoftext|>"], upTo: 50)
        #expect(tokenizer.decode(tokenizer.encode(text, special: .parse)) == Array(text.utf8))
      }
    }
  }

  @Test func bytesAreTheirOwnIDs() {
    #expect(Tokenizer.bytes.vocabularySize == 257)
    #expect(Tokenizer.bytes.encode((0...255).map { UInt8($0) }) == (0...255).map { Int32($0) })
    #expect(Tokenizer.bytes.endOfText == 256)
    #expect(Tokenizer.bytes.beginningOfText == nil)
    #expect(Tokenizer.bytes.encode("a<|endoftext|>", special: .parse) == [97, 256])
    #expect(Tokenizer.bytes.token(256) == Array("<|endoftext|>".utf8))
    #expect(Tokenizer.bytes.token(257) == nil && Tokenizer.bytes.token(-1) == nil)
    #expect(Tokenizer.bytes.missingBytes.isEmpty)
  }

  @Test func specialTokensAreOrdinaryTextUnlessAskedFor() {
    let tokenizer = smallTokenizer
    let ids = tokenizer.encode("x<|endoftext|>y")
    #expect(!ids.contains { tokenizer.isSpecial($0) })
    #expect(tokenizer.decode(ids) == Array("x<|endoftext|>y".utf8))
    #expect(tokenizer.encode("<|endoftext|>", special: .parse) == [0])
    #expect(tokenizer.decode([0, tokenizer.encode("y")[0]], skippingSpecial: true) == Array("y".utf8))
  }

  /// `<|end|>` begins `<|end|>\n`, and `<|end` begins `<|endoftext|>`.
  @Test func theLongestSpecialTokenWins() {
    let tokenizer = smallTokenizer
    let parsed = tokenizer.encode("<|end|>\n<|end|><|endoftext|><|end", special: .parse)
    #expect(parsed.prefix(3) == [2, 1, 0])
    #expect(Array(parsed[3...]) == tokenizer.encode("<|end"))
  }

  @Test func whatStandsAtASpecialTokenDoesNotDependOnTheOtherSide() {
    let tokenizer = smallTokenizer
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<300 {
      let (before, behind) = (generator.text(of: textParts, upTo: 20), generator.text(of: textParts, upTo: 20))
      let expected = tokenizer.encode(before) + [0] + tokenizer.encode(behind)
      #expect(tokenizer.encode(before + "<|endoftext|>" + behind, special: .parse) == expected)
    }
  }

  @Test func anEncoderThatRemembersEncodesAsAFreshOne() {
    var encoder = Tokenizer.Encoder(smallTokenizer)
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<300 {
      let text = Array(generator.text(of: textParts, upTo: 40).utf8)
      var ids: [Int32] = [-7]
      encoder.append(text, special: .parse, to: &ids)
      #expect(ids == [-7] + smallTokenizer.encode(text, special: .parse))
    }
  }

  @Test func idsOutsideTheVocabularyStandForNothing() {
    #expect(smallTokenizer.decode([-1, .min, .max, 100_000]) == [])
  }

  @Test(arguments: [
    "a", " ", "\n", "the", "\u{301}", "e\u{301}\u{302}", "👩‍👩‍👧‍👦", "\t ", "1", "'", "我", "<", "<|endoftext|", " \n a",
    "\u{3000}",
  ])
  func timeIsNearlyProportionalToLength(unit: String) throws {
    for preTokenizer in PreTokenizer.allCases {
      let tokenizer = try Tokenizer.train(
        on: [Array((unit + unit + " the lazy dog").utf8)], vocabularySize: 270, preTokenizer: preTokenizer)
      let bytes = Array(unit.utf8)
      expectNearlyLinear("\(preTokenizer) of \(unit.debugDescription)") { count in
        let text = (0..<count / bytes.count).flatMap { _ in bytes }
        #expect(tokenizer.encode(text, special: .parse).count > 0)
      }
    }
  }
}

@Suite struct AddedTokensTests {
  @Test func addedSpecialTokensGetTheNextIDs() throws {
    let chat = try smallTokenizer.adding(special: ["<|user|>", "<|endoftext|>", "<|user|>", "<|assistant|>"])
    let size = Int32(smallTokenizer.vocabularySize)
    #expect(chat.vocabularySize == smallTokenizer.vocabularySize + 2)
    #expect(chat.encode("<|user|>Hi<|assistant|>", special: .parse) == [size] + chat.encode("Hi") + [size + 1])
    #expect(chat.endOfText == 0)
    #expect(chat.isSpecial(size) && !chat.isSpecial(size - 1))
    #expect(chat.encode("the dog <|user|>") == smallTokenizer.encode("the dog <|user|>"))
    #expect(try Tokenizer(json: Array(chat.json().utf8), source: "copy").json() == chat.json())
  }

  @Test(arguments: ["", "the", "Ġthe", "é"])
  func whatCannotBeAddedIsRefused(text: String) {
    #expect(throws: Failure.self) { try smallTokenizer.adding(special: [text]) }
  }

  @Test func textsBoundsAreInTheVocabulary() throws {
    let size = Int32(smallTokenizer.vocabularySize)
    #expect(try smallTokenizer.with(endOfText: 1, beginningOfText: 0).beginningOfText == 0)
    #expect(try smallTokenizer.with(beginningOfText: 2).endOfText == 0)
    let failure = #expect(throws: Failure.self) { try smallTokenizer.with(endOfText: size) }
    #expect(failure?.notes == ["the vocabulary has \(size) tokens"])
  }
}
