import Checkpoints
import Files
import Foundation
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// A GGUF file says what llama.cpp makes of it, or it is not written.
@Suite struct GGUFTokenizerTests {
  private let scratch = try! ScratchFolder()

  private func exported(
    _ tokenizer: Tokenizer, ends: [Int32]? = nil, template: String = "", rows: Int = 0, assumesFormC: Bool = false
  ) throws(Failure) -> (back: StoredModel, file: GGUFFile, outcome: Verification.Outcome) {
    var configuration = try TinyModel.configuration("llama-tied")
    configuration.vocabularySize = tokenizer.vocabularySize + rows
    let name = UUID().uuidString
    try ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: tokenizer, chatTemplate: template, endTokens: ends,
      step: 0
    ).write(to: scratch("\(name).h5"))
    let stored = try StoredModel(at: scratch("\(name).h5"))
    let path = scratch("\(name).gguf")
    let outcome = try Export(to: .gguf, assumesFormC: assumesFormC).write(stored, to: path)
    return (try StoredModel(at: path), try GGUFFile(path), outcome)
  }

  /// A tokenizer.json of a byte-level BPE: ids of the bytes, of the merges, then of the added tokens.
  private func byteLevel(
    _ merges: [String] = [], added: [(text: String, members: String)] = [], model: String = "",
    normalizer: String = "null",
    pattern: String? = nil
  ) throws -> Tokenizer {
    let bytes = try JSONValue.parse(Array(Tokenizer.bytes.json().utf8), source: "", area: .tokenizer)
    var texts = try #require(bytes["model"]?["vocab"]?.object).map(\.key)
    for merge in merges { texts.append(merge.replacing(" ", with: "")) }
    let vocabulary = texts.enumerated().map { JSONMember($1, JSONValue($0)) }
    let tokens = added.enumerated().map { number, token in
      "{\"id\": \(texts.count + number), \"content\": \"\(token.text)\"\(token.members)}"
    }
    let level = #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"#
    let cutting =
      pattern.map {
        #"{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": \#(JSONValue($0).serialized())},"#
          + #""behavior": "Isolated", "invert": false}, \#(level.replacing("\"use_regex\": true", with: "\"use_regex\": false"))]}"#
      } ?? level
    let json = """
      {"added_tokens": [\(tokens.joined(separator: ", "))], "normalizer": \(normalizer), "pre_tokenizer": \(cutting),
       "decoder": \(level), "model": {"type": "BPE", \(model) "vocab": \(JSONValue(vocabulary).serialized()),
       "merges": \(JSONValue(merges.map { JSONValue($0) }).serialized())}}
      """
    return try Tokenizer(json: Array(json.utf8), source: "test")
  }

  private static let special = ", \"special\": true, \"normalized\": false"
  private static let plain = ", \"special\": false, \"normalized\": false"

  // MARK: Ends

  @Test func severalTokensEndAText() throws {
    let texts = ["<a>", "<b>", "<c>", "<d>", "<|eot_id|>"]
    let tokenizer = try byteLevel(added: texts.map { ($0, Self.special) })
    for ends in [[256], [257, 256], [256, 257, 258], [256, 257, 258, 260], [258, 258, 256]] as [[Int32]] {
      let (back, _, outcome) = try exported(tokenizer, ends: ends)
      let expected = ends == [258, 258, 256] ? [258, 256] : ends
      #expect(back.endTokens == expected + (ends.contains(260) ? [] : [260]))
      #expect(
        outcome.notes == (ends.contains(260) ? [] : ["llama.cpp knows by name, and also ends a text at: <|eot_id|>"]))
    }
    let refusal = refusal { _ = try exported(tokenizer, ends: [256, 257, 258, 259]) }
    #expect(refusal?.exitCode == 8 && refusal?.what == "llama.cpp would not end a text at \"<d>\" (259)")
  }

  @Test func aModelWithoutAnEndIsRefused() throws {
    let tokenizer = try byteLevel(added: [("<a>", Self.special)])
    let refusal = refusal { _ = try exported(tokenizer) }
    let what = "the model has no token that ends a text, and llama.cpp would take "
    #expect(refusal?.exitCode == 8 && refusal?.what.hasPrefix(what) == true, "\(refusal as Any)")
    #expect(refusal?.what.hasSuffix("(11)") == true)
    let template = Support.refusal { _ = try exported(tokenizer, ends: [256], template: "{{ bos_token }}") }
    #expect(template?.exitCode == 8 && template?.what.contains("bos_token") == true, "\(template as Any)")
    _ = try exported(tokenizer, ends: [256], template: "{{ messages }}")
  }

  // MARK: Texts

  /// What is said where llama.cpp would encode other ids; nil where it would not.
  private func difference(_ tokenizer: Tokenizer, ends: [Int32] = [0], assumesFormC: Bool = false) throws -> String? {
    let refusal = refusal { _ = try exported(tokenizer, ends: ends, assumesFormC: assumesFormC) }
    if let refusal { #expect(refusal.exitCode == 8, "\(refusal)") }
    return refusal?.what
  }

  private static func words(_ text: String) -> String {
    "llama.cpp would encode \(text.debugDescription) to other ids"
  }

  @Test func mergesThatLeadElsewhereAreRefused() throws {
    // The merge of the third token is never reached: its parts merge with others first.
    let merges = ["b c", "a b", "ab c"]
    #expect(try difference(byteLevel(merges)) == nil)
    #expect(try difference(byteLevel(merges, model: "\"ignore_merges\": true,")) == Self.words("abc"))
    // Llama 3's cuts have two names: with merges ignored, and not.
    let pattern = try #require(PreTokenizer.llama3.pattern)
    for ignores in [true, false] {
      let tokenizer = try byteLevel(merges, model: "\"ignore_merges\": \(ignores),", pattern: pattern)
      let file = try exported(tokenizer, ends: [0]).file
      #expect(file["tokenizer.ggml.pre"] == .string(ignores ? "llama-bpe" : "dbrx"))
    }
  }

  @Test func compositionIsRefusedUnlessItIsPromised() throws {
    let tokenizer = try byteLevel(normalizer: "{\"type\": \"NFC\"}")
    let refusal = try #require(refusal { _ = try exported(tokenizer, ends: [0]) })
    #expect(refusal.exitCode == 8 && refusal.notes.count == 3 && refusal.notes[2].contains("--form-c"), "\(refusal)")
    _ = try exported(tokenizer, ends: [0], assumesFormC: true)
    #expect(try difference(byteLevel(normalizer: "{\"type\": \"Lowercase\"}"), assumesFormC: true) != nil)
  }

  @Test func addedTokensThatOverlapAreRefused() throws {
    #expect(try difference(byteLevel(added: [("<ab>", Self.special), ("ab><cd>", Self.special)])) != nil)
    #expect(try difference(byteLevel(added: [("<ab>", Self.special), ("<ab>c", Self.special)])) == nil)
    // Searched for after the others, though it is the longer one.
    let normalized = ", \"special\": false, \"normalized\": true"
    #expect(try difference(byteLevel(added: [("ab", Self.plain), ("abc", normalized)])) == Self.words("abc"))
  }

  /// llama.cpp takes some tokens for control tokens by their names: with special tokens nothing differs.
  @Test func namesMayMakeControlTokens() throws {
    let (back, _, _) = try exported(
      byteLevel(added: [("<|fim_prefix|>", Self.plain), ("<|x|>", Self.plain)]), ends: [0])
    #expect(back.tokenizer?.isSpecial(256) == true && back.tokenizer?.isSpecial(257) == false)
  }

  @Test func unknownTokensAreRefused() throws {
    let letters = "abcdefghijklmnopqrstuvwxyz"
    let vocabulary = (["<unk>"] + letters.map(String.init)).enumerated().map { JSONMember($1, JSONValue($0)) }
    let level = #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"#
    func tokenizer(_ unknown: String) throws -> Tokenizer {
      let json = """
        {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}], "pre_tokenizer": \(level), "decoder": \(level),
         "model": {"type": "BPE", "unk_token": \(unknown), "vocab": \(JSONValue(vocabulary).serialized()), "merges": []}}
        """
      return try Tokenizer(json: Array(json.utf8), source: "test")
    }
    #expect(try difference(tokenizer("\"<unk>\"")) != nil)
    #expect(try difference(tokenizer("null")) == nil)
  }

  @Test func rowsWithoutATokenGetNamesOfTheirOwn() throws {
    let tokenizer = try byteLevel(added: [("[PAD258]", Self.special)])
    let (_, file, _) = try exported(tokenizer, ends: [256], rows: 2)
    #expect(file["tokenizer.ggml.tokens"]?.strings?.suffix(3) == ["[PAD258]", "[PAD257]", "[PAD258]_"])
  }

  // MARK: Reading

  /// Of two pieces with one score the leftmost in the text is merged first, which ours cannot say.
  @Test func piecesOfOneScoreAreRefusedWhereTheirOrderMatters() throws {
    func refused(_ words: [String], _ scores: [Double]) throws -> Failure? {
      let bytes = (0..<256).map { String(format: "<0x%02X>", $0) }
      let letters = ["\u{2581}", "a", "b", "c"]
      let texts = ["<unk>", "<s>", "</s>"] + bytes + letters + words
      let types = [2, 3, 3] + bytes.map { _ in 6 } + (letters + words).map { _ in 1 }
      let metadata: [(key: String, value: GGUFValue)] = [
        ("tokenizer.ggml.model", .string("llama")), ("tokenizer.ggml.tokens", .strings(texts)),
        ("tokenizer.ggml.token_type", .integers(types)),
        ("tokenizer.ggml.scores", .floats([Double](repeating: -9, count: 263) + scores)),
      ]
      try? Folder.remove(scratch("v.gguf"))
      try GGUFFile.write(metadata: metadata, [], to: scratch("v.gguf"))
      return Support.refusal { _ = try GGUFTokenizer(GGUFFile(scratch("v.gguf"))) }
    }
    #expect(try refused(["bc", "ab"], [-1, -2]) == nil)
    #expect(try refused(["ab", "bc"], [-1, -1]) == nil)
    let refusal = try refused(["bc", "ab"], [-1, -1])
    #expect(refusal?.exitCode == 5 && refusal?.notes == ["which is first matters in \"abc\""], "\(refusal as Any)")
  }

  /// Our reader of a file encodes as llama.cpp does.
  @Test(.needsSharedData("tokenizers/llamacpp-vocabs"), arguments: ["gpt-2", "llama-bpe", "llama-spm", "qwen2"])
  func theReaderEncodesAsLlamaCpp(_ name: String) throws {
    let path = try #require(SharedData.url("tokenizers/llamacpp-vocabs/ggml-vocab-\(name).gguf")).path
    let file = try GGUFFile(path)
    let llamaCpp = try #require(try LlamaCppTokenizer(file))
    let tokenizer = try #require(GGUFTokenizer(file).tokenizer)
    var count = 0
    for text in ProbingTexts(tokenizer).texts {
      count += 1
      for (special, parses) in [(Tokenizer.SpecialTokens.parse, true), (.none, false)] {
        let (ids, others) = (tokenizer.encode(text, special: special), llamaCpp.encode(text, parsesSpecial: parses))
        #expect(ids == others, "\(text.debugDescription)")
      }
    }
    #expect(count > 1000)
  }
}
