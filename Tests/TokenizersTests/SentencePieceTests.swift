import Checkpoints
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// A few pieces with scores, and the 256 bytes.
private let bytes = (0..<256).map { String(format: "<0x%02X>", $0) }
private let pieces: [(String, Double)] = [
  ("\u{2581}", -20), ("a", -21), ("b", -22), ("c", -23), ("é", -24), ("ab", -1), ("bc", -2), ("abc", -3),
  ("\u{2581}a", -4), ("\u{2581}\u{2581}", -5), ("aba", -6), ("ba", -7), ("\u{2581}ab", -8),
]

private func makeTokenizer(prefix: Bool = true, extra: [(String, Double)] = []) throws -> Tokenizer {
  let all = pieces + extra
  return try Tokenizer(
    pieces: ["<unk>", "<s>", "</s>"] + bytes + all.map(\.0), scores: [Double](repeating: 0, count: 259) + all.map(\.1),
    tokenTypes: [2, 3, 3] + [Int32](repeating: 6, count: 256) + [Int32](repeating: 1, count: all.count),
    addsSpacePrefix: prefix, beginningOfText: 1, addsBeginningOfText: true)
}

/// The algorithm as one would explain it: of all neighbours that make a piece, merge the one of the highest score, the
/// leftmost of these; what is not a piece in the end becomes its bytes.
private func naive(_ text: String, prefix: Bool, _ scores: [String: Double]) -> [String] {
  var parts = ((prefix && !text.isEmpty ? " " : "") + text).unicodeScalars.map { $0 == " " ? "\u{2581}" : String($0) }
  while true {
    let candidates = parts.indices.dropLast().compactMap { index in
      scores[parts[index] + parts[index + 1]].map { (score: $0, index: index) }
    }
    guard let best = candidates.max(by: { ($0.score, -$0.index) < ($1.score, -$1.index) }) else { break }
    parts[best.index...best.index + 1] = [parts[best.index] + parts[best.index + 1]]
  }
  return parts.flatMap { part in
    scores[part] == nil ? Array(part.utf8).map { String(format: "<0x%02X>", $0) } : [part]
  }
}

@Suite struct SentencePieceTests {
  @Test(arguments: [true, false]) func aSlowTwinEncodesTheSame(prefix: Bool) throws {
    let tokenizer = try makeTokenizer(prefix: prefix)
    let scores = Dictionary(pieces) { first, _ in first }
    var generator = SeededGenerator(seed: 11)
    for round in 0..<3000 {
      let text = generator.text(of: ["a", "b", "c", "é", " ", "  ", "ab", "x", "日"], upTo: round % 10 == 0 ? 200 : 12)
      let expected = naive(text, prefix: prefix, scores)
      let ids = tokenizer.encode(text)
      #expect(ids.map { tokenizer.texts[Int($0)] } == expected, "\(text.debugDescription)")
      #expect(tokenizer.decode(ids) == Array(text.utf8), "\(text.debugDescription)")
    }
  }

  /// A piece that crosses a space keeps a text from being cut there.
  @Test func piecesMayReachOverSpaces() throws {
    let extra = [("b\u{2581}", -0.5), ("ab\u{2581}", -0.6)]
    let tokenizer = try makeTokenizer(extra: extra)
    let scores = Dictionary(pieces + extra) { first, _ in first }
    for text in ["ab ab", "b b", "ab  b a"] {
      #expect(tokenizer.encode(text).map { tokenizer.texts[Int($0)] } == naive(text, prefix: true, scores))
    }
  }

  @Test func aSpecialTokenBeginsATextAnew() throws {
    let tokenizer = try makeTokenizer()
    let ids = tokenizer.encode("ab</s>ab", special: .parse)
    #expect(ids.map { tokenizer.texts[Int($0)] } == ["\u{2581}ab", "</s>", "\u{2581}ab"])
    #expect(tokenizer.encode("</s>").allSatisfy { !tokenizer.isSpecial($0) })
    #expect(tokenizer.encode("") == [])
  }

  @Test func anyBytesComeBack() throws {
    let tokenizer = try makeTokenizer()
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<500 {
      let bytes = generator.bytes(upTo: 20)
      #expect(tokenizer.decode(tokenizer.encode(bytes)) == bytes)
    }
    // U+2581 is a space to SentencePiece.
    #expect(tokenizer.decode(tokenizer.encode("a\u{2581}b")) == Array("a b".utf8))
  }

  @Test func streamingShowsTheSpaceOnlyWhereTextStandsBefore() throws {
    let tokenizer = try makeTokenizer()
    let ids = tokenizer.encode("ab cé日")
    for beginsText in [true, false] {
      var decoder = StreamingDecoder(tokenizer, beginsText: beginsText)
      let text = ids.map { decoder.append($0) }.joined() + decoder.finish()
      #expect(text == (beginsText ? "ab cé日" : " ab cé日"))
    }
  }

  // MARK: tokenizer.json

  @Test func tokenizerJSONKeepsTheIDs() throws {
    for prefix in [true, false] {
      let tokenizer = try makeTokenizer(prefix: prefix)
      let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
      #expect(copy.json() == tokenizer.json())
      #expect(copy.isSentencePiece && copy.beginningOfText == 1 && copy.addsBeginningOfText)
      for text in ["ab abc", " aba", "é日x", "  ab"] { #expect(copy.encode(text) == tokenizer.encode(text)) }
    }
  }

  /// The Metaspace spelling: the prefix is left out before a space, and with `first` after a special token.
  @Test func metaspaceIsRead() throws {
    let json = try JSONValue.parse(Array(try makeTokenizer().json().utf8), source: "", area: .tokenizer)
    func tokenizer(_ scheme: String, split: Bool = false) throws -> Tokenizer {
      var changed = json
      changed["normalizer"] = .null
      changed["pre_tokenizer"] = [
        "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": JSONValue(scheme), "split": JSONValue(split),
      ]
      return try Tokenizer(json: changed.serializedBytes(), source: "test")
    }
    func texts(_ text: String, _ scheme: String) throws -> [String] {
      let tokenizer = try tokenizer(scheme)
      let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
      #expect(copy.json() == tokenizer.json())
      return tokenizer.encode(text, special: .parse).map { tokenizer.texts[Int($0)] }
    }
    #expect(try texts("ab</s>ab", "always") == ["\u{2581}ab", "</s>", "\u{2581}ab"])
    #expect(try texts("ab</s>ab", "first") == ["\u{2581}ab", "</s>", "ab"])
    #expect(try texts("</s>ab", "first") == ["</s>", "ab"])
    #expect(try texts("ab</s>ab", "never") == ["ab", "</s>", "ab"])
    #expect(try texts(" ab", "always") == ["\u{2581}ab"])
    let split = try tokenizer("always", split: true)
    #expect(split.encode("a  ab").map { split.texts[Int($0)] } == ["\u{2581}a", "\u{2581}", "\u{2581}ab"])
    #expect(throws: Failure.self) { try tokenizer("sometimes") }
  }

  /// Added tokens that are normalized are searched for before Metaspace puts spaces, but after a Prepend has.
  @Test func normalizedTokensBesideSpaces() throws {
    let json = try JSONValue.parse(Array(try makeTokenizer().json().utf8), source: "", area: .tokenizer)
    func texts(_ text: String, metaspace: Bool) throws -> [String] {
      var changed = json
      let id = JSONValue(json["model"]!["vocab"]!.object!.count)
      let token: JSONValue = ["id": id, "content": "bac", "special": false, "normalized": true]
      changed["added_tokens"] = JSONValue(json["added_tokens"]!.array! + [token])
      if metaspace {
        changed["normalizer"] = .null
        changed["pre_tokenizer"] = [
          "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "first", "split": false,
        ]
      }
      let tokenizer = try Tokenizer(json: changed.serializedBytes(), source: "test")
      return tokenizer.encode(text, special: .parse).map { tokenizer.texts[Int($0)] }
    }
    #expect(try texts("c bac", metaspace: true) == ["\u{2581}", "c", "\u{2581}", "bac"])
    #expect(try texts("cbac", metaspace: true) == ["\u{2581}", "c", "bac"])
    #expect(try texts("bacbacc", metaspace: true) == ["bac", "bac", "c"])
    #expect(try texts("</s>bac", metaspace: true) == ["</s>", "bac"])
    #expect(try texts("c bac", metaspace: false) == ["\u{2581}", "c", "bac"])
    #expect(try texts("bac cbac", metaspace: false) == ["bac", "\u{2581}", "c", "ba", "c"])
  }

  /// Gemma's spelling: nothing is put before text, and a Split finds no space any more.
  @Test func gemmasSpellingIsRead() throws {
    var json = try JSONValue.parse(Array(try makeTokenizer(prefix: false).json().utf8), source: "", area: .tokenizer)
    let mark: JSONValue = "\u{2581}"
    json["normalizer"] = ["type": "Replace", "pattern": ["String": " "], "content": mark]
    json["pre_tokenizer"] = [
      "type": "Split", "pattern": ["String": " "], "behavior": "MergedWithPrevious", "invert": false,
    ]
    let id = json["model"]!["vocab"]!["\u{2581}\u{2581}"]!
    let run: JSONValue = ["id": id, "content": "\u{2581}\u{2581}", "special": false, "normalized": false]
    json["added_tokens"] = JSONValue(json["added_tokens"]!.array! + [run])
    let tokenizer = try Tokenizer(json: json.serializedBytes(), source: "test")
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    for (text, expected) in [
      ("ab  a", ["ab", "\u{2581}", "\u{2581}a"]), ("a\u{2581}\u{2581}", ["a", "\u{2581}\u{2581}"]),
    ] {
      #expect(tokenizer.encode(text).map { tokenizer.texts[Int($0)] } == expected)
      #expect(copy.encode(text) == tokenizer.encode(text))
    }
    #expect(tokenizer.decode(tokenizer.encode("a\u{2581}\u{2581}")) == Array("a  ".utf8))
    #expect(tokenizer.addsSpacePrefix == false && tokenizer.decode(tokenizer.encode(" ab")) == Array(" ab".utf8))
  }

  @Test func decodersAreDoneOrRefused() throws {
    let json = try JSONValue.parse(Array(try makeTokenizer().json().utf8), source: "", area: .tokenizer)
    func tokenizer(_ steps: [JSONValue]) throws(Failure) -> Tokenizer {
      var changed = json
      changed["decoder"] = ["type": "Sequence", "decoders": JSONValue(steps)]
      return try Tokenizer(json: changed.serializedBytes(), source: "test")
    }
    let replace: JSONValue = ["type": "Replace", "pattern": ["String": "\u{2581}"], "content": " "]
    let (bytes, fuse): (JSONValue, JSONValue) = (["type": "ByteFallback"], ["type": "Fuse"])
    let strip: JSONValue = ["type": "Strip", "content": " ", "start": 1, "stop": 0]
    let metaspace: JSONValue = ["type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always"]
    let ids = try makeTokenizer().encode("  ab c")
    for (steps, expected) in [
      ([replace, bytes, fuse, strip], "  ab c"), ([replace, bytes, fuse], "   ab c"),
      ([bytes, metaspace, fuse], " ab c"),
    ] {
      let decoded = try tokenizer(steps)
      let copy = try Tokenizer(json: Array(decoded.json().utf8), source: "copy")
      for tokenizer in [decoded, copy] {
        #expect(String(decoding: tokenizer.decode(ids), as: UTF8.self) == expected)
        var stream = StreamingDecoder(tokenizer, beginsText: true)
        #expect(ids.map { stream.append($0) }.joined() + stream.finish() == expected)
      }
    }
    let two: JSONValue = ["type": "Strip", "content": " ", "start": 2, "stop": 0]
    for steps in [
      [replace, fuse], [bytes, fuse], [replace, bytes, strip, fuse], [replace, bytes, fuse, two],
      [bytes, replace, fuse],
      [replace, bytes, fuse, ["type": "WordPiece"]], [replace, bytes, metaspace], [],
    ] {
      let refusal = try #require(refusal { _ = try tokenizer(steps) })
      #expect(refusal.what.hasPrefix("decoder"), "\(refusal)")
    }
  }

  // MARK: Files that cannot be

  @Test func whatCannotBeIsNamed() throws {
    func refusal(_ change: (inout [String], inout [Double], inout [Int32]) -> Void) -> Failure? {
      var names = ["<unk>", "<s>", "</s>"] + bytes + pieces.map(\.0)
      var scores = [Double](repeating: 0, count: 259) + pieces.map(\.1)
      var types: [Int32] = [2, 3, 3] + [Int32](repeating: 6, count: 256) + pieces.map { _ in 1 }
      change(&names, &scores, &types)
      do {
        _ = try Tokenizer(pieces: names, scores: scores, tokenTypes: types, addsSpacePrefix: true, source: "file")
        return nil
      } catch { return error }
    }
    #expect(refusal { _, _, _ in } == nil)
    let cases: [(String, (inout [String], inout [Double], inout [Int32]) -> Void)] = [
      ("no token stands for the byte 65", { names, _, _ in names[3 + 65] = "q" }),
      ("is in the vocabulary already", { names, _, _ in names[260] = "\u{2581}" }),
      ("is in the vocabulary already", { names, _, _ in names[4] = "<0x00>" }),
      ("the scores do not fit", { _, scores, _ in scores.removeLast() }),
      ("the scores do not fit", { _, scores, _ in scores[260] = .nan }),
      ("have 271 types", { _, _, types in types.removeLast() }),
      ("is too long for a piece", { names, _, _ in names[260] = String(repeating: "a", count: 300) }),
      ("is not written in SentencePiece's alphabet", { names, _, _ in names[260] = "" }),
    ]
    for (words, change) in cases {
      let failure = refusal(change)
      #expect(
        failure?.what.contains(words) == true && failure?.area == .tokenizer, "\(words): \(String(describing: failure))"
      )
    }
  }

  // MARK: Real vocabularies

  @Test(
    .needsSharedData("tokenizers/llamacpp-vocabs"))
  func idsAreThoseOfLlamaCPP() throws {
    let path = try #require(SharedData.url("tokenizers/llamacpp-vocabs/ggml-vocab-llama-spm.gguf")).path
    let file = try GGUFFile(path, area: .tokenizer)
    let tokenizer = try Tokenizer(
      pieces: #require(file["tokenizer.ggml.tokens"]?.strings), scores: #require(file["tokenizer.ggml.scores"]?.floats),
      tokenTypes: #require(file["tokenizer.ggml.token_type"]?.integers).map { Int32($0) }, addsSpacePrefix: true,
      source: "llama-spm")
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    let vectors = try ReferenceVectorTests.vectors("llama-spm")
    #expect(vectors.count == 46)
    for (text, ids) in vectors {
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      #expect(copy.encode(text) == ids, "\(text.debugDescription)")
      #expect(tokenizer.decode(ids) == Array(text.utf8))
    }
    let scores = tokenizer.pieceScores
    let again = try Tokenizer(
      pieces: tokenizer.texts, scores: scores,
      tokenTypes: file["tokenizer.ggml.token_type"]!.integers!.map { Int32($0) },
      addsSpacePrefix: true)
    #expect(again.json() == tokenizer.json())
  }
}
