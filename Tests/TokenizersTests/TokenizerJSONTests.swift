import Files
import Support
import Testing
import Tokenizers

@Suite struct TokenizerJSONTests {
  private static func read(_ json: JSONValue) throws(Failure) -> Tokenizer {
    try Tokenizer(json: json.serializedBytes(pretty: true), source: "tokenizer.json")
  }

  /// The file of a small tokenizer: ids 0...2 are special, 3...258 bytes, and so on.
  private static let valid: JSONValue = {
    // swift-format-ignore: NeverUseForceTry
    try! JSONValue.parse(Array(smallTokenizer.json().utf8), source: "valid", area: .tokenizer)
  }()

  private static func changed(_ change: (inout JSONValue) -> Void) -> JSONValue {
    var json = valid
    change(&json)
    return json
  }

  private static func changedModel(_ change: (inout JSONValue) -> Void) -> JSONValue {
    changed { json in
      var model = json["model"]!
      change(&model)
      json["model"] = model
    }
  }

  private static func withVocabulary(_ change: (inout JSONValue) -> Void) -> JSONValue {
    changedModel { model in
      var vocabulary = model["vocab"]!
      change(&vocabulary)
      model["vocab"] = vocabulary
    }
  }

  private static func withAdded(_ token: JSONValue) -> JSONValue {
    changed { $0["added_tokens"] = JSONValue($0["added_tokens"]!.array! + [token]) }
  }

  @Test(arguments: PreTokenizer.allCases)
  func whatIsWrittenReadsBackAsTheSame(preTokenizer: PreTokenizer) throws {
    let tokenizer = try Tokenizer.train(
      on: [Array("the dog's 12 dogs \"é\" \\ \u{1F}".utf8)], vocabularySize: 290, preTokenizer: preTokenizer)
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    #expect(copy.json() == tokenizer.json())
    #expect(copy.preTokenizer == preTokenizer && copy.endOfText == 0)
    var generator = SeededGenerator(seed: 12)
    for _ in 0..<100 {
      let text = generator.text(of: textParts + ["<|endoftext|>"], upTo: 30)
      #expect(copy.encode(text, special: .parse) == tokenizer.encode(text, special: .parse))
    }
  }

  @Test func theBytesAreWrittenLikeAnyTokenizer() throws {
    let copy = try Tokenizer(json: Array(Tokenizer.bytes.json().utf8), source: "copy")
    #expect(copy.encode("é<|endoftext|>", special: .parse) == [0xC3, 0xA9, 256])
    #expect(copy.vocabularySize == 257 && copy.endOfText == 256)
  }

  @Test func aTemplateNamesTheBeginningOfText() throws {
    let template: JSONValue = [
      "type": "TemplateProcessing",
      "single": [["SpecialToken": ["id": "<|end|>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
      "pair": [], "special_tokens": [:],
    ]
    let json = Self.changed { $0["post_processor"] = ["type": "Sequence", "processors": [template]] }
    let tokenizer = try Self.read(json)
    #expect(tokenizer.addsBeginningOfText && tokenizer.beginningOfText == 1)
    #expect(tokenizer.encode("the") == smallTokenizer.encode("the"))
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    #expect(copy.addsBeginningOfText && copy.beginningOfText == 1)
    #expect(!smallTokenizer.addsBeginningOfText)
  }

  @Test func mergesMayBePairs() throws {
    let json = Self.changedModel { model in
      model["merges"] = JSONValue(
        model["merges"]!.array!.map { merge in
          JSONValue(merge.string!.split(separator: " ").map { JSONValue(String($0)) })
        })
    }
    #expect(try Self.read(json).json() == smallTokenizer.json())
  }

  @Test func wholePiecesAreTakenWhenMergesAreIgnored() throws {
    let json = Self.changedModel { model in
      model["merges"] = []
      model["ignore_merges"] = true
    }
    let the = try #require(smallTokenizer.id(ofToken: " the"))
    #expect(
      try Self.read(json).encode(" the thez") == [the] + smallTokenizer.encode([0x20])
        + "thez".utf8.map {
          smallTokenizer.encode([$0])[0]
        })
  }

  struct Malformed: Sendable, CustomTestStringConvertible {
    var what: String
    var json: JSONValue
    var testDescription: String { what }

    init(_ what: String, _ json: JSONValue) {
      self.what = what
      self.json = json
    }
  }

  static let malformed: [Malformed] = [
    Malformed("the file is not an object", []),
    Malformed("model is missing", changed { $0["model"] = nil }),
    Malformed("model is not an object", changed { $0["model"] = "BPE" }),
    Malformed("model.type is \"WordPiece\"", changedModel { $0["type"] = "WordPiece" }),
    Malformed("model.type is \"Unigram\"", changedModel { $0["type"] = "Unigram" }),
    Malformed("model.vocab is missing", changedModel { $0["vocab"] = nil }),
    Malformed("model.vocab is not an object", changedModel { $0["vocab"] = [] }),
    Malformed("model.merges is missing", changedModel { $0["merges"] = nil }),
    Malformed("model.dropout is not supported", changedModel { $0["dropout"] = 0.1 }),
    Malformed("decoder.type is \"ByteLevel\", which is not supported", changedModel { $0["byte_fallback"] = true }),
    Malformed("model.end_of_word_suffix is not supported", changedModel { $0["end_of_word_suffix"] = "</w>" }),
    Malformed("model.max_input_chars is unknown", changedModel { $0["max_input_chars"] = 100 }),
    Malformed("padding_side is unknown", changed { $0["padding_side"] = "left" }),
    Malformed("model.vocab[\"\"\"] has id 4, which another token has", withVocabulary { $0["!"] = 4 }),
    Malformed(
      "model.vocab[\"!\"] has id 0, which the added token \"<|endoftext|>\" has", withVocabulary { $0["!"] = 0 }),
    Malformed("model.vocab[\"!\"] has id -1", withVocabulary { $0["!"] = -1 }),
    Malformed("model.vocab[\"!\"] has id 1099511627776", withVocabulary { $0["!"] = 1_099_511_627_776 }),
    Malformed("model.vocab[\"!\"] has id 10000000", withVocabulary { $0["!"] = 10_000_000 }),
    Malformed("model.vocab[\"!\"] is not an integer", withVocabulary { $0["!"] = 3.5 }),
    Malformed("model.vocab[\"!\"] is not an integer", withVocabulary { $0["!"] = "3" }),
    Malformed("model.vocab.the has id 400", withVocabulary { $0["the"] = 400 }),
    Malformed(
      "model.vocab[\"日本\"] is not written in the byte alphabet, nor is it an added token",
      withVocabulary { $0["日本"] = JSONValue(smallTokenizer.vocabularySize) }),
    Malformed("model.merges[0] names \"zz\", which is not in the vocabulary", changedModel { $0["merges"] = ["zz a"] }),
    Malformed("model.merges[0] names \"qz\", which is not in the vocabulary", changedModel { $0["merges"] = ["q z"] }),
    Malformed(
      "model.merges[1] is merge 0 again",
      changedModel { $0["merges"] = [$0["merges"]!.array![0], $0["merges"]!.array![0]] }),
    Malformed(
      "model.merges[0] is not two tokens with a space between them", changedModel { $0["merges"] = ["a b c"] }),
    Malformed("model.merges[0] is not two tokens with a space between them", changedModel { $0["merges"] = ["ab"] }),
    Malformed(
      "model.merges[0] is neither \"left right\" nor [\"left\", \"right\"]",
      changedModel { $0["merges"] = [["a", "b", "c"]] }),
    Malformed("added_tokens[3].content is empty", withAdded(["id": 350, "content": "", "special": true])),
    Malformed(
      "the added token \"<|end|>\" has two ids", withAdded(["id": 350, "content": "<|end|>", "special": true])),
    Malformed("added token \"x<|\" has id 352", withAdded(["id": 352, "content": "x<|", "special": true])),
    Malformed("added_tokens[3].id is no id", withAdded(["id": -1, "content": "x<|", "special": true])),
    Malformed("added_tokens[3].id is no id", withAdded(["id": 1_099_511_627_776, "content": "x<|"])),
    Malformed("added_tokens[3].id is missing", withAdded(["content": "x<|"])),
    Malformed(
      "added_tokens[3].lstrip is not a boolean", withAdded(["id": 350, "content": "x<|", "lstrip": 1])),
    Malformed("normalizer.type is not supported", changed { $0["normalizer"] = ["type": "Nmt"] }),
    Malformed(
      "normalizer.normalizers[1].pattern is not supported",
      changed {
        $0["normalizer"] = [
          "type": "Sequence",
          "normalizers": [["type": "NFC"], ["type": "Replace", "pattern": ["Regex": "a+"], "content": "b"]],
        ]
      }),
    Malformed(
      "normalizer is not supported",
      changed {
        let twice: JSONValue = ["type": "Replace", "pattern": ["String": "a"], "content": "aa"]
        $0["normalizer"] = ["type": "Sequence", "normalizers": JSONValue((0..<40).map { _ in twice })]
      }),
    Malformed(
      "pre_tokenizer is not supported",
      changed {
        let digits = (0..<1000).map { _ -> JSONValue in ["type": "Digits"] }
        $0["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": JSONValue(digits + [["type": "ByteLevel"]])]
      }),
    Malformed("pre_tokenizer is missing", changed { $0["pre_tokenizer"] = .null }),
    Malformed("pre_tokenizer.type is not supported", changed { $0["pre_tokenizer"] = ["type": "Whitespace"] }),
    Malformed(
      "pre_tokenizer.pretokenizers[1].add_prefix_space is not supported",
      changed {
        $0["pre_tokenizer"] = [
          "type": "Sequence",
          "pretokenizers": [["type": "Digits"], ["type": "ByteLevel", "add_prefix_space": true]],
        ]
      }),
    Malformed(
      "pre_tokenizer.pretokenizers[0].pattern.Regex is not supported",
      changed {
        $0["pre_tokenizer"] = [
          "type": "Sequence",
          "pretokenizers": [
            ["type": "Split", "pattern": ["Regex": "\\p{Han}+"], "behavior": "Isolated", "invert": false],
            ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
          ],
        ]
      }),
    Malformed(
      "pre_tokenizer is not supported", changed { $0["pre_tokenizer"] = ["type": "Digits", "individual_digits": true] }),
    Malformed(
      "model.unk_token is \"<unk>\", which is not in model.vocab",
      changed { json in
        var model = json["model"]!
        model["unk_token"] = "<unk>"
        model["merges"] = []
        var vocabulary = model["vocab"]!
        vocabulary["<z>"] = vocabulary["z"]
        vocabulary["z"] = nil
        model["vocab"] = vocabulary
        json["model"] = model
        json["added_tokens"] = JSONValue(
          json["added_tokens"]!.array! + [["id": 92, "content": "<z>", "special": true]])
      }),
    Malformed("decoder is missing", changed { $0["decoder"] = nil }),
    Malformed("decoder.type is \"Metaspace\"", changed { $0["decoder"] = ["type": "Metaspace"] }),
    Malformed("post_processor.type is not supported", changed { $0["post_processor"] = ["type": "BertProcessing"] }),
    Malformed(
      "post_processor.single[0].SpecialToken.id names \"<s>\", which is no added token",
      changed {
        $0["post_processor"] = [
          "type": "TemplateProcessing", "single": [["SpecialToken": ["id": "<s>"]], ["Sequence": ["id": "A"]]],
        ]
      }),
  ]

  @Test(arguments: malformed)
  func whatCannotBeIsNamedByItsPath(_ malformed: Malformed) {
    let failure = #expect(throws: Failure.self) { try Self.read(malformed.json) }
    #expect(failure?.area == .tokenizer)
    #expect(failure?.what.hasPrefix(malformed.what) == true, "\(failure?.what ?? "")")
    #expect(failure?.place?.hasPrefix("tokenizer.json") == true)
  }

  @Test func invalidJSONIsRefusedWithItsPlace() {
    let failure = #expect(throws: Failure.self) { try Tokenizer(json: Array("{\"model\": ".utf8), source: "x.json") }
    #expect(failure?.area == .tokenizer)
    #expect(failure?.place?.hasPrefix("x.json:1") == true)
  }

  /// Damage anywhere gives a tokenizer or a failure, never a crash.
  @Test func damagedFilesAreRefusedOrRead() {
    let bytes = Array(smallTokenizer.json().utf8)
    var generator = SeededGenerator(seed: 13)
    for _ in 0..<400 {
      var damaged = bytes
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: damaged.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
      case 1:
        damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 32..<127, using: &generator)
      default:
        let start = Int.random(in: 0..<bytes.count - 40, using: &generator)
        damaged.removeSubrange(start..<start + Int.random(in: 1..<40, using: &generator))
      }
      do throws(Failure) {
        let tokenizer = try Tokenizer(json: damaged, source: "damaged")
        #expect(tokenizer.decode(tokenizer.encode("the dog")) == Array("the dog".utf8))
      } catch {
        #expect(error.area == .tokenizer)
      }
    }
  }
}

@Suite struct ListsTests {
  private let texts = Tokenizer.bytes.texts.prefix(256)

  private func failure(tokens: [String], merges: [String] = [], types: [Int32]? = nil) -> Failure? {
    #expect(throws: Failure.self) {
      try Tokenizer(tokens: tokens, merges: merges, tokenTypes: types, preTokenizer: .gpt2, source: "model.gguf")
    }
  }

  @Test func listsMakeATokenizer() throws {
    let tokenizer = try Tokenizer(
      tokens: texts + ["th", "<s>", "<user>", "the"], merges: ["t h", "th e"],
      tokenTypes: Array(repeating: 1, count: 257) + [3, 4, 1], preTokenizer: .gpt2, endOfText: 257,
      beginningOfText: 257, addsBeginningOfText: true)
    #expect(tokenizer.encode("the<s><user>") == [259] + Tokenizer.bytes.encode("<s>") + [258])
    #expect(tokenizer.encode("th<s>", special: .parse) == [256, 257])
    #expect(tokenizer.endOfText == 257 && tokenizer.beginningOfText == 257 && tokenizer.addsBeginningOfText)
    #expect(try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy").json() == tokenizer.json())
  }

  @Test func whatCannotBeIsNamed() {
    #expect(failure(tokens: texts + ["a"])?.what == "token 256, \"a\", is in the vocabulary already")
    #expect(
      failure(tokens: ["日"])?.what == "token 0, \"日\", is not written in the byte alphabet, nor is it an added token")
    #expect(failure(tokens: Array(texts), types: [1])?.what == "256 tokens have 1 types")
    #expect(failure(tokens: Array(texts), merges: ["a b"])?.what.hasPrefix("merge 0, \"a b\", names \"ab\"") == true)
    #expect(failure(tokens: Array(texts), merges: ["ab"])?.place == "model.gguf")
    #expect(failure(tokens: texts + ["<s>", "<s>"], types: Array(repeating: 3, count: 258)) != nil)
  }

  @Test func theFilesOfGPT2NameTheirLines() {
    let vocabulary = JSONValue(texts.enumerated().map { JSONMember($1, JSONValue($0)) }).serializedBytes()
    let failure = #expect(throws: Failure.self) {
      try Tokenizer(gpt2Encoder: vocabulary, merges: Array("#version: 0.2\nt h\n".utf8))
    }
    #expect(failure?.place == "vocab.bpe:2")
    #expect(failure?.what == "merge \"t h\" names \"th\", which is not in the vocabulary")
    #expect(throws: Failure.self) { try Tokenizer(gpt2Encoder: Array("[]".utf8), merges: []) }
  }
}
