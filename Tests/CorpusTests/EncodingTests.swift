import Corpus
import Files
import Support
import Testing
import Tokenizers

/// Text through a tokenizer with merges.
@Suite struct EncodingTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func stream(_ path: String, _ tokenizer: Tokenizer, cache: String? = nil) throws -> TokenStream {
    try PretrainingData.open(
      .init(train: [path]), tokenizer: tokenizer, vocabularySize: tokenizer.vocabularySize,
      cache: cache ?? folder("cache")
    ).train
  }

  /// Words, digits, punctuation, contractions and white space of every kind in any order.
  private func mixture(_ count: Int, seed: UInt64) -> String {
    let parts = [
      "once", " upon", "Ab", "'s", "'LL ", "12345", " 7", ".", "?!", " \n", "\n\n", "\r\n", "  ", "\t", "\u{a0}",
      "\u{3000}", "é", "語", " ñ", "e\u{301}", "🙂", "-", " _x", "\u{85}", "9\n", "z\n\n  ", "q  ",
    ]
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in parts[Int(generator.next() % UInt64(parts.count))] }.joined()
  }

  @Test(arguments: [PreTokenizer.gpt2, .llama3, .qwen2, .gpt2Digits])
  func aTextReadInPiecesIsEncodedAsTheWhole(preTokenizer: PreTokenizer) throws {
    let text = mixture(1_200_000, seed: 5)
    let sample = Array(mixture(20_000, seed: 6).utf8)
    let tokenizer = try Tokenizer.train(on: [sample], vocabularySize: 600, preTokenizer: preTokenizer)
    let path = try folder.write(text, to: "a.txt")
    #expect(text.utf8.count > 2 << 20)
    let stream = try stream(path, tokenizer)
    let whole = tokenizer.encode(text)
    #expect(stream.count == whole.count)
    #expect(try stream.tokens(0..<stream.count) == whole)
  }

  @Test func everyDocumentEndsWithTheTokenizersEndOfText() throws {
    let documents = (0..<2000).map { mixture(50, seed: $0).trimmingWhitespace() }
    let tokenizer = try Tokenizer.train(on: [Array(documents.joined().utf8)], vocabularySize: 400)
    let path = try folder.write(documents.joined(separator: "\n<|endoftext|>\n"), to: "a.txt")
    let stream = try stream(path, tokenizer)
    let end = try #require(tokenizer.endOfText)
    let expected = documents.filter { !$0.isEmpty }.flatMap { tokenizer.encode($0) + [end] }
    #expect(try stream.tokens(0..<stream.count) == expected)
  }

  @Test func documentsBeginAsTheTokenizerWantsIt() throws {
    var json = try JSONValue.parse(
      Array(Tokenizer.train(on: [[]], vocabularySize: 258, specialTokens: ["<|endoftext|>", "<s>"]).json().utf8),
      source: "tokenizer.json", area: .tokenizer)
    json["post_processor"] = [
      "type": "TemplateProcessing",
      "single": [["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]]],
      "pair": [["Sequence": ["id": "A", "type_id": 0]], ["Sequence": ["id": "B", "type_id": 1]]],
      "special_tokens": ["<s>": ["id": "<s>", "ids": [1], "tokens": ["<s>"]]],
    ]
    let tokenizer = try Tokenizer(json: Array(json.serialized().utf8), source: "tokenizer.json")
    let path = try folder.write("{\"text\": \"a\"}\n{\"text\": \"b\"}\n", to: "a.jsonl")
    let stream = try stream(path, tokenizer)
    let (a, b) = (tokenizer.encode("a"), tokenizer.encode("b"))
    #expect(try stream.tokens(0..<stream.count) == [1] + a + [0, 1] + b + [0])
  }

  @Test func anotherTokenizerHasAnotherCorpus() throws {
    let path = try folder.write("some text, some more text", to: "a.txt")
    let one = try stream(path, .bytes)
    let other = try stream(path, Tokenizer.train(on: [Array("some text".utf8)], vocabularySize: 262))
    #expect(other.count < one.count)
    #expect(try stream(path, .bytes).tokens(0..<4) == one.tokens(0..<4))
  }
}

extension String {
  fileprivate func trimmingWhitespace() -> String {
    let isWhitespace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    let bytes = utf8.drop(while: isWhitespace)
    let count = bytes.count - bytes.reversed().prefix(while: isWhitespace).count
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
