import Foundation
import Support
import Testing
import Tokenizers

@Suite struct PreTokenizerTests {
  /// The pieces that Hugging Face's `tokenizers` 0.23.3 makes of the same texts with the same patterns.
  @Test(arguments: [
    ("Hello world's  end", PreTokenizer.gpt2, ["Hello", " world", "'s", " ", " end"]),
    ("I'VE 12345 don't", .gpt2, ["I", "'", "VE", " 12345", " don", "'t"]),
    ("a \u{200B} b\u{85} c\u{A0}\u{A0}d", .gpt2, ["a", " \u{200B}", " b", "\u{85}", " c", "\u{A0}", "\u{A0}", "d"]),
    ("a\u{17F}t '\u{17F} x'S", .gpt2, ["a\u{17F}t", " '", "\u{17F}", " x", "'", "S"]),
    ("a\u{17F}t '\u{17F} x'S", .llama3, ["a\u{17F}t", " '", "\u{17F}", " x", "'S"]),
    ("it'\u{17F}x", .llama3, ["it", "'\u{17F}", "x"]),
    ("a\r\n\r\n  b \n \n  ", .gpt2, ["a", "\r\n\r\n ", " b", " \n \n  "]),
    ("a\r\n\r\n  b \n \n  ", .llama3, ["a", "\r\n\r\n", " ", " b", " \n \n", "  "]),
    ("a\u{653}b e\u{301} ²½٣x _x", .gpt2, ["a", "\u{653}", "b", " e", "\u{301}", " ²½٣", "x", " _", "x"]),
    ("a\u{653}b e\u{301} ²½٣x _x", .llama3, ["a", "\u{653}b", " e", "\u{301}", " ", "²½٣", "x", " _", "x"]),
    ("x 12345", .llama3, ["x", " ", "123", "45"]),
    ("x 12345", .qwen2, ["x", " ", "1", "2", "3", "4", "5"]),
    ("x 12 a's", .gpt2Digits, ["x", " ", "1", "2", " a", "'s"]),
    ("x 12 a's", .none, ["x 12 a's"]),
  ])
  func piecesAreThoseOfTheReference(text: String, preTokenizer: PreTokenizer, expected: [String]) {
    #expect(pieces(of: text, preTokenizer).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
  }

  @Test(arguments: [PreTokenizer.gpt2, .llama3, .qwen2])
  func theScannerCutsLikeTheRegularExpression(preTokenizer: PreTokenizer) throws {
    let expression = try NSRegularExpression(pattern: #require(preTokenizer.pattern))
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<3000 {
      let text = generator.text(of: textParts, upTo: 30)
      let matches = expression.matches(in: text, range: NSRange(location: 0, length: text.utf16.count))
      let expected = matches.map { (text as NSString).substring(with: $0.range) }
      #expect(pieces(of: text, preTokenizer).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }
  }

  @Test func digitsStandAloneAndBetweenThemThePatternIsThatOfGPT2() {
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<1000 {
      let text = generator.text(of: textParts, upTo: 30)
      var expected: [String] = []
      var rest = ""
      for scalar in text.unicodeScalars {
        if [.decimalNumber, .letterNumber, .otherNumber].contains(scalar.properties.generalCategory) {
          expected += pieces(of: rest, .gpt2) + [String(scalar)]
          rest = ""
        } else {
          rest.unicodeScalars.append(scalar)
        }
      }
      expected += pieces(of: rest, .gpt2)
      #expect(pieces(of: text, .gpt2Digits).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }
  }

  @Test(arguments: PreTokenizer.allCases)
  func thePiecesOfAnyBytesAreTheBytes(preTokenizer: PreTokenizer) {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      let bytes = generator.bytes(upTo: 60)
      let found = pieces(of: bytes, preTokenizer)
      #expect(Array(found.joined()) == bytes)
      #expect(found.allSatisfy { !$0.isEmpty })
    }
  }

  /// A lone C3, an overlong form, a surrogate and a scalar above U+10FFFF are bytes of no class.
  @Test func bytesThatAreNotUTF8AreSymbols() {
    let bytes: [UInt8] = [0x61, 0xC3, 0x20, 0xC0, 0x80, 0xED, 0xA0, 0x80, 0xF4, 0x90, 0x80, 0x80, 0x62]
    #expect(pieces(of: bytes, .gpt2) == [[0x61], [0xC3], Array(bytes[2..<12]), [0x62]])
    // Only the last of them joins the letter after it.
    #expect(pieces(of: [0xC3, 0xC3, 0x62], .llama3) == [[0xC3, 0xC3], [0x62]])
    #expect(pieces(of: [0x20, 0x0A, 0xC3, 0x62], .llama3) == [[0x20, 0x0A], [0xC3, 0x62]])
  }
}
