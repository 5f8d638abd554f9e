import Support
import Testing
import Tokenizers

@Suite struct StreamingDecoderTests {
  private func stream(_ ids: [Int32], _ tokenizer: Tokenizer) -> [String] {
    var decoder = StreamingDecoder(tokenizer, skippingSpecial: false)
    return ids.map { decoder.append($0) } + [decoder.finish()]
  }

  @Test func whatIsStreamedIsWhatIsDecodedAtOnce() {
    var generator = SeededGenerator(seed: 8)
    for round in 0..<2000 {
      let tokenizer = round % 2 == 0 ? Tokenizer.bytes : smallTokenizer
      let text = Array(generator.text(of: textParts, upTo: 20).utf8)
      // Half of the inputs are not UTF-8: any bytes, and texts with bytes of UTF-8 sequences thrown in.
      let bytes = round % 4 < 2 ? text : (text + generator.bytes(upTo: 12)).shuffled(using: &generator)
      let parts = stream(tokenizer.encode(bytes), tokenizer)
      #expect(Array(parts.joined().utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8))
    }
  }

  @Test func halfACharacterIsHeldBack() {
    #expect(stream(Tokenizer.bytes.encode("a😀é"), .bytes) == ["a", "", "", "", "😀", "", "é", ""])
  }

  @Test func aCharacterThatNeverCompletesIsShownAsReplacement() {
    #expect(stream([0xF0, 0x9F, 0x98], .bytes) == ["", "", "", "\u{FFFD}"])
    #expect(stream([0xF0, 0x9F, 0x61], .bytes) == ["", "", "\u{FFFD}a", ""])
    #expect(stream([0xED, 0xA0], .bytes) == ["", "\u{FFFD}\u{FFFD}", ""])
    #expect(stream([0x80], .bytes) == ["\u{FFFD}", ""])
  }

  @Test func specialTokensAreLeftOutUnlessAskedFor() {
    var decoder = StreamingDecoder(.bytes)
    #expect(decoder.append(256) == "" && decoder.append(0x61) == "a")
    #expect(stream([256], .bytes) == ["<|endoftext|>", ""])
  }
}
