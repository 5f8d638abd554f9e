import Files
import Foundation
import Support
import Testing
import Tokenizers

/// The pre-tokenizers of known models, cut by the general patterns.
@Suite struct PatternTests {
  private static let recorded: JSONValue = {
    let url = fixtureFolder.appendingPathComponent("patterns.json")
    // swift-format-ignore: NeverUseForceTry
    return try! JSONValue.parse(Array(Data(contentsOf: url)), source: "patterns.json", area: .tokenizer)
  }()

  private static let bytes: JSONValue = {
    // swift-format-ignore: NeverUseForceTry
    try! JSONValue.parse(Array(Tokenizer.bytes.json().utf8), source: "bytes", area: .tokenizer)
  }()

  private func tokenizer(_ preTokenizer: JSONValue) throws(Failure) -> Tokenizer {
    var json = Self.bytes
    json["pre_tokenizer"] = preTokenizer
    return try Tokenizer(json: json.serializedBytes(), source: "test")
  }

  private func split(_ pattern: String, _ behavior: JSONValue = "Isolated", invert: JSONValue = false) -> JSONValue {
    [
      "type": "Sequence",
      "pretokenizers": [
        ["type": "Split", "pattern": ["Regex": JSONValue(pattern)], "behavior": behavior, "invert": invert],
        ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
      ],
    ]
  }

  private func hexadecimal(_ pieces: [[UInt8]]) -> String {
    pieces.map { $0.map { String(format: "%02x", $0) }.joined() }.joined(separator: " ")
  }

  @Test(arguments: Self.recorded["families"]!.array!.map { $0["name"]!.string! })
  func textIsCutAsRecorded(_ name: String) throws {
    let family = try #require(Self.recorded["families"]?.array?.first { $0["name"]?.string == name })
    let tokenizer = try tokenizer(#require(family["pre_tokenizer"]))
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    #expect(copy.json() == tokenizer.json())
    let cases = zip(try #require(Self.recorded["texts"]?.array), try #require(family["pieces"]?.array))
    for (text, pieces) in cases {
      let text = Array(text.string!.utf8)
      #expect(hexadecimal(tokenizer.pieces(of: text)) == pieces.string!, "\(String(decoding: text, as: UTF8.self))")
      #expect(copy.pieces(of: text) == tokenizer.pieces(of: text))
    }
    #expect((tokenizer.preTokenizer != nil) == ["gpt2", "llama3", "qwen2", "smollm"].contains(name))
  }

  /// OLMo 2 and Phi-4-mini remove what their patterns do not match, which is nothing.
  @Test func removingWhatIsNotMatchedIsCuttingAtMatches() throws {
    let pattern = try #require(PreTokenizer.llama3.pattern)
    #expect(try tokenizer(split(pattern, "Removed", invert: true)).preTokenizer == .llama3)
    #expect(try tokenizer(split(pattern, "Removed")).preTokenizer == nil)
    #expect(try tokenizer(split(pattern, "MergedWithNext", invert: true)).preTokenizer == nil)
  }

  /// Oniguruma takes powers and fractions below U+0100 for parts of words, and not within brackets.
  @Test func fractionsArePartsOfWordsOutsideBrackets() throws {
    let cases = [("\\w", true), ("\\W", false), ("[\\w]", false), ("[^\\w]", true), ("[\\W]", true)]
    for (pattern, isFound) in cases {
      let tokenizer = try tokenizer(split(pattern, "Removed"))
      for text in ["²", "¹", "¾"] {
        #expect(tokenizer.pieces(of: Array(text.utf8)).joined().isEmpty == isFound, "\(pattern) on \(text)")
      }
    }
  }

  /// A pattern in a needless group is read as a general one.
  @Test(arguments: [PreTokenizer.gpt2, .llama3, .qwen2])
  func scannersAndPatternsCutTheSame(_ preTokenizer: PreTokenizer) throws {
    let general = try tokenizer(split("(?:\(preTokenizer.pattern!))"))
    #expect(general.preTokenizer == nil)
    var generator = SeededGenerator(seed: 21)
    for round in 0..<2000 {
      let text = Array(generator.text(of: textParts, upTo: 30).utf8)
      #expect(general.pieces(of: text) == pieces(of: text, preTokenizer))
      let bytes = generator.bytes(upTo: round % 50)
      #expect(general.pieces(of: bytes) == pieces(of: bytes, preTokenizer))
    }
  }

  @Test func whatIsNotSupportedIsNamed() throws {
    let cases = [
      ("a*", "matches the empty text"), ("(?<=a)b", "the group (?<="), ("(ab)+", "a repeated group"),
      ("a+?", "a lazy repetition"), ("a{2}+", "a repeated repetition"), ("[[:alpha:]]", "a POSIX class"),
      ("[a-z&&[^b]]", "&&"), ("\\p{Han}", "\\p{Han}"), ("\\bx", "the escape \\b"), ("^a", "the anchor ^"),
      ("a(?=b+)", "a repetition within a lookahead"), ("(?i:é)", "é in any case"), ("a{200}", "an interval"),
      ("[b-a]", "an empty range"), ("(a", "a ( without )"), ("a)", "an unmatched )"), ("[a", "a [ without ]"),
      ("\\1", "the escape \\1"), ("a\\", "a \\ at the end"), ("[[^a]b]", "a complement within a class"), ("", "empty"),
      (String(repeating: "(", count: 50) + "a", "nested"), ("\\x{110000}", "the escape \\x"), ("x{2,1}", "an interval"),
    ]
    for (pattern, words) in cases {
      let refusal = try #require(refusal { _ = try tokenizer(split(pattern)) }, "\(pattern)")
      #expect(refusal.notes.joined().contains(words), "\(pattern): \(refusal)")
    }
  }

  /// Anything is a pattern or a failure, and a pattern cuts any bytes into all of them.
  @Test func anyPatternIsReadOrRefused() throws {
    var generator = SeededGenerator(seed: 17)
    let parts = [
      "a", "é", "[", "]", "[^", "(", "(?:", "(?i:", "(?!", "(?=", ")", "|", "?", "*", "+", "{", "1", ",", "3", "}",
      "\\", "p{L}",
      "\\p{L}", "\\P{^N}", "\\s", "\\S", "-", "^", "$", ".", "&&", "\\x{41}", "\\u", "\u{10FFFF}", " ", "\n", "'",
    ]
    var read = 0
    for round in 0..<6000 {
      let pattern = generator.text(of: parts, upTo: 8)
      guard let tokenizer = try? tokenizer(split(pattern)) else { continue }
      read += 1
      let text = round.isMultiple(of: 2) ? generator.bytes(upTo: 30) : Array(generator.text(of: parts, upTo: 20).utf8)
      let pieces = tokenizer.pieces(of: text)
      #expect(Array(pieces.joined()) == text && !pieces.contains([]), "\(pattern)")
    }
    #expect(read > 500)
  }

  /// Texts on which backtracking alone would take time in the square of their length, or worse.
  @Test func noTextTakesLong() throws {
    let patterns = [
      "\\s+$", "\\s+(?!\\S)|\\s+", "a*a*a*b", "[ab]*a+c|a", "(?:\\s+x|\\s+y|\\s+z)", " ?a+ ?a+ ?b", "\\s*[\\r\\n]+",
    ]
    for pattern in patterns {
      let tokenizer = try tokenizer(split(pattern))
      for part in [" ", "a", "ab", " \n", "a ", "aab"] {
        let text = Array(String(repeating: part, count: 40_000).utf8) + [0x78]
        let elapsed = ContinuousClock().measure { _ = tokenizer.pieces(of: text) }
        #expect(elapsed < .seconds(30), "\(pattern) on \(part.debugDescription)")
      }
    }
  }

  /// What is remembered of ways that led nowhere changes no match.
  @Test func backtrackingFindsWhatFoundationFinds() throws {
    var generator = SeededGenerator(seed: 8)
    let atoms = [
      "a", "b", "[ab]", "[^a]", "a?", "b*", "[ab]+", "a*", "[bc]{1,2}", "(?:ab|a)", "(?:b|c)?", "(?!b)", "(?=a|c)", "c",
    ]
    for _ in 0..<400 {
      let choices = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
        (0..<Int.random(in: 1...5, using: &generator)).map { _ in atoms.randomElement(using: &generator)! }.joined()
      }
      let pattern = choices.joined(separator: "|")
      guard let tokenizer = try? tokenizer(split(pattern)) else { continue }
      let reference = try NSRegularExpression(pattern: pattern)
      for _ in 0..<20 {
        let text = generator.text(of: ["a", "b", "c", "aab", "abc"], upTo: 8)
        var expected: [String] = []
        var end = 0
        for match in reference.matches(in: text, range: NSRange(location: 0, length: text.utf16.count)) {
          let parts = [NSRange(location: end, length: match.range.location - end), match.range]
          expected += parts.map { (text as NSString).substring(with: $0) }
          end = NSMaxRange(match.range)
        }
        expected.append((text as NSString).substring(from: end))
        let found = tokenizer.pieces(of: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
        #expect(found == expected.filter { !$0.isEmpty }, "\(pattern) on \(text)")
      }
    }
  }
}
