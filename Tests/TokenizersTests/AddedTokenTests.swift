import Files
import Support
import Testing
import Tokenizers

/// Added tokens as the crate `tokenizers` finds them, and tokens for what is unknown.
@Suite struct AddedTokenTests {
  /// The bytes with added tokens from 256 on.
  private func tokenizer(_ added: [JSONValue], normalizer: JSONValue = .null) throws -> Tokenizer {
    var json = try JSONValue.parse(Array(Tokenizer.bytes.json().utf8), source: "bytes", area: .tokenizer)
    let defaults: JSONValue = [
      "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false,
    ]
    json["added_tokens"] = JSONValue(
      added.enumerated().map { index, token in
        var entry = defaults
        entry["id"] = JSONValue(256 + index)
        for member in token.object! { entry[member.key] = member.value }
        return entry
      })
    json["normalizer"] = normalizer
    let tokenizer = try Tokenizer(json: json.serializedBytes(), source: "test")
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    #expect(copy.json() == tokenizer.json())
    return tokenizer
  }

  /// The text with each added token as its number in brackets.
  private func marked(_ text: String, _ tokenizer: Tokenizer) -> String {
    tokenizer.encode(text, special: .parse).reduce(into: [UInt8]()) { result, id in
      if id < 256 { result.append(UInt8(id)) } else { result += Array("[\(id - 256)]".utf8) }
    }.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  @Test func whiteSpaceBesideATokenBecomesPartOfIt() throws {
    let both = try tokenizer([["content": "<m>", "lstrip": true, "rstrip": true]])
    #expect(marked("a <m> b\t<m>\t<m>\u{2000}", both) == "a[0]b[0][0]")
    #expect(marked(" <m>", both) == "[0]" && marked("<m> ", both) == "[0]")
    let left = try tokenizer([["content": "<m>", "lstrip": true]])
    #expect(marked("a \n<m> b", left) == "a[0] b")
    let right = try tokenizer([
      ["content": "<m>", "rstrip": true], ["content": "\n\n"], ["content": "<n>", "lstrip": true],
    ])
    #expect(marked("a <m> b", right) == "a [0]b")
    // Tokens within the white space are found as well; what follows them is text again.
    #expect(marked("<m>\n\n\n\nx", right) == "[0][1][1]x")
    #expect(marked("<m>\n\n\nx", right) == "[0][1]\nx")
    #expect(marked("<m> \n<n>x", right) == "[0][2]x")
  }

  @Test func aSingleWordHasNoneBesideIt() throws {
    let word = try tokenizer([["content": "<m>", "single_word": true], ["content": "on", "single_word": true]])
    #expect(marked("<m> my <m> A<m> <m>ony <m>", word) == "[0] my [0] A<m> <m>ony [0]")
    #expect(marked("<m>, <m>- \u{25CC}\u{330}<m>", word) == "[0], [0]- \u{25CC}\u{330}<m>")
    #expect(marked("_<m> é<m> ,<m>1", word) == "_<m> é<m> ,<m>1")
    #expect(marked("on only upon on.", word) == "[1] only upon [1].")
  }

  @Test func normalizedTokensAreSearchedForInNormalizedText() throws {
    let added: [JSONValue] = [
      ["content": "My", "lstrip": true, "rstrip": true, "normalized": true], ["content": "name", "normalized": true],
      ["content": "ony", "single_word": true, "normalized": true], ["content": "[CLS]", "special": true],
    ]
    let lower = try tokenizer(added, normalizer: ["type": "Lowercase"])
    #expect(marked("[CLS] My NAME is Anthony [cls]", lower) == "[3][0][1] is anthony [cls]")
  }

  @Test func theLongestOfTheLeftmostIsTaken() throws {
    let tokens = try tokenizer([["content": "ab"], ["content": "abcd"], ["content": "bcdef"]])
    #expect(marked("abcdef abcef", tokens) == "[1]ef [0]cef")
  }

  /// White space that many tokens could take is looked through once.
  @Test func muchWhiteSpaceTakesNoTime() throws {
    let tokens = try tokenizer([["content": "\n", "lstrip": true, "rstrip": true], ["content": "\t", "rstrip": true]])
    let text = String(repeating: "\n", count: 100_000) + String(repeating: "\t", count: 100_000)
    let elapsed = ContinuousClock().measure { #expect(tokens.encode(text, special: .parse).count == 200_000) }
    #expect(elapsed < .seconds(20))
  }

  // MARK: Unknown bytes

  private func withoutZ(unknown: JSONValue, fused: Bool) throws -> Tokenizer {
    var json = try JSONValue.parse(Array(smallTokenizer.json().utf8), source: "small", area: .tokenizer)
    var model = json["model"]!
    var vocabulary = model["vocab"]!
    vocabulary["<unk>"] = vocabulary["z"]
    vocabulary["z"] = nil
    model["vocab"] = vocabulary
    model["merges"] = JSONValue(model["merges"]!.array!.filter { !$0.string!.contains("z") })
    model["unk_token"] = unknown
    model["fuse_unk"] = JSONValue(fused)
    json["model"] = model
    let id = vocabulary["<unk>"]!
    json["added_tokens"] = JSONValue(json["added_tokens"]!.array! + [["id": id, "content": "<unk>", "special": true]])
    return try Tokenizer(json: json.serializedBytes(), source: "test")
  }

  @Test func bytesWithoutATokenBecomeTheUnknownOne() throws {
    let id = try #require(smallTokenizer.id(ofToken: "z"))
    let (a, space) = (smallTokenizer.encode("a")[0], smallTokenizer.encode(" ")[0])
    for (fused, expected) in [(false, [a, id, id, a, space, id]), (true, [a, id, a, space, id])] {
      let tokenizer = try withoutZ(unknown: "<unk>", fused: fused)
      #expect(tokenizer.encode("azza z") == expected)
      let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
      #expect(copy.encode("azza z") == expected && copy.json() == tokenizer.json())
    }
    #expect(try withoutZ(unknown: .null, fused: false).encode("azza z") == [a, a, space])
  }

  // MARK: A space before text

  @Test func aSpaceMayBePutBeforeText() throws {
    var json = try JSONValue.parse(Array(smallTokenizer.json().utf8), source: "small", area: .tokenizer)
    json["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": true]
    let tokenizer = try Tokenizer(json: json.serializedBytes(), source: "test")
    #expect(tokenizer.encode("the dog") == smallTokenizer.encode(" the dog"))
    #expect(tokenizer.encode(" the dog") == smallTokenizer.encode(" the dog"))
    #expect(tokenizer.encode("\nthe") == smallTokenizer.encode(" \nthe"))
    #expect(tokenizer.encode("") == [])
    let end = smallTokenizer.encode("<|end|>", special: .parse)
    #expect(
      tokenizer.encode("the<|end|>dog", special: .parse) == smallTokenizer.encode(" the") + end
        + smallTokenizer.encode(" dog"))
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    #expect(copy.encode("the dog") == tokenizer.encode("the dog"))
  }
}
