import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// How text files become documents, and documents a stream. The byte tokenizer's end of text is 256.
@Suite struct DocumentTests {
  private let folder: ScratchFolder
  private let end: Int32 = 256

  init() throws { folder = try ScratchFolder() }

  private func stream(_ names: String..., onError: RowErrorPolicy = .stop) throws -> TokenStream {
    try PretrainingData.open(
      .init(train: names.map { "\(folder.path)/\($0)" }), tokenizer: .bytes, vocabularySize: 257,
      cache: folder("cache"),
      options: .init(onError: onError)
    ).train
  }

  private func ids(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }

  @Test func aPlainTextFileIsOneStreamByteForByte() throws {
    let text = "\n  First Citizen:\r\nBefore we proceed… \n\n"
    try folder.write(text, to: "a.txt")
    let stream = try stream("a.txt")
    #expect(try stream.tokens(0..<stream.count) == ids(text))
    #expect(!stream.hasDocuments)
  }

  /// A text in another encoding would be trained on as bytes that mean nothing.
  @Test func bytesThatAreNotUTF8AreRefused() throws {
    try folder.write([0x61, 0x0a, 0x62, 0xff, 0xc3, 0x28, 0x62], to: "a.txt")
    let error = #expect(throws: Failure.self) { try stream("a.txt") }
    #expect(error?.what == "the text is not UTF-8" && error?.place?.hasSuffix("a.txt:2") == true)
  }

  @Test func marksSeparateDocumentsAndAreNotText() throws {
    try folder.write(
      "\nOne  \n<|endoftext|>\nTwo\nlines<|endoftext|><|endoftext|>\n\n<|endoftext|>\nThree\n", to: "a.txt")
    let stream = try stream("a.txt")
    #expect(
      try stream.tokens(0..<stream.count) == ids("One") + [end] + ids("Two\nlines") + [end] + ids("Three") + [end])
    #expect(stream.documentCount == 3)
    func places(_ lower: Int, _ upper: Int) throws -> [Int] {
      try stream.documentBoundaries(after: lower, through: upper).map(\.place)
    }
    #expect(try places(0, stream.count) == [4, 14, 20])
    #expect(try places(4, 14) == [14])
    #expect(try places(4, 13) == [])
    #expect(try stream.documentBoundaries(after: 0, through: 4).map(\.sharesToken) == [true])
  }

  @Test func severalPlainFilesAreADocumentEach() throws {
    try folder.write("a b\n", to: "1.txt")
    try folder.write("\u{feff}c", to: "2.txt")
    let stream = try stream("*.txt")
    #expect(try stream.tokens(0..<stream.count) == ids("a b\n") + [end] + ids("c") + [end])
    #expect(stream.documentCount == 2)
  }

  @Test func everyJSONRowIsADocument() throws {
    let rows =
      "\u{feff}{\"text\": \"a\\n\\u00e9\"}\r\n\n  \r\n{\"id\": 7, \"text\": \"\"}\n{\"text\": \"<|endoftext|>\"}"
    try folder.write(rows, to: "rows.txt")
    let stream = try stream("rows.txt")
    #expect(try stream.tokens(0..<stream.count) == ids("a\né") + [end] + ids("<|endoftext|>") + [end])
    #expect(stream.documentCount == 2)
  }

  /// Hugging Face's `load_dataset("json")` reads it as rows, too; as text its brackets would be trained.
  @Test func anArrayOfRowsIsRows() throws {
    try folder.write("\u{feff}\n[{\"text\": \"a\"},\n {\"id\": 2, \"text\": \"b c\"}]", to: "rows.json")
    let stream = try stream("rows.json")
    #expect(try stream.tokens(0..<stream.count) == ids("a") + [end] + ids("b c") + [end])
    try folder.write("[{\"text\": \"a\"},\n {\"id\": 2}]", to: "bad.json")
    let failure = refusal { _ = try self.stream("bad.json") }
    #expect(failure?.what == "the row has no \"text\"" && failure?.place?.hasSuffix("bad.json:2") == true)
    #expect(failure?.notes.last?.hasPrefix("data.format=text ") == true)
    #expect(try self.stream("bad.json", onError: .skip).documentCount == 1)
    // A file of text that begins with a bracket.
    try folder.write("[1] once", to: "a.txt")
    #expect(try self.stream("a.txt").count == 8)
  }

  /// One object over several lines is no row a line, and as text it would be trained with its braces. Among code it is text.
  @Test func anObjectOverSeveralLinesIsNoText() throws {
    let object = "\u{feff}\n{\n  \"text\": \"a\"\n}\n"
    try folder.write(object, to: "one.json")
    let failure = refusal { _ = try self.stream("one.json") }
    #expect(failure?.what == "one object over several lines, and no rows")
    #expect(failure?.notes.first?.contains("jq -c . ") == true, "\(failure.debugDescription)")
    #expect(failure?.notes.last?.hasPrefix("data.format=text ") == true)
    try FileManager.default.createDirectory(at: folder.url("code"), withIntermediateDirectories: true)
    try folder.write(object, to: "code/package.json")
    #expect(try stream("code").count > 0)
    try folder.write("{\"text\": \"a\"}\n{\"text\": \"b\"}\n", to: "lines.json")
    #expect(try stream("lines.json").documentCount == 2)
  }

  @Test func textThatBeginsWithABraceIsText() throws {
    try folder.write("{ once }\nupon", to: "a.txt")
    #expect(try stream("a.txt").count == 13)
  }

  /// A bad row, its line, and what the message must contain.
  static let badRows: [(row: String, says: String)] = [
    ("{\"text\": \"torn", ""),
    ("[1]", "the row is no JSON object"),
    ("{\"texts\": \"a\", \"id\": 1}", "found \"texts\", \"id\""),
    ("{\"text\": 5}", "the row's \"text\" is no string"),
    ("{\"text\": null}", "data.on_error = \"skip\" leaves out such rows"),
    ("{\"text\": \"\\ud800\"}", ""),
    ("{\"text\": \"a\", \"text\": \"b\"}", ""),
  ]

  @Test(arguments: badRows)
  func aBadRowStopsOrIsLeftOut(row: String, says: String) throws {
    try folder.write("{\"text\": \"one\"}\n\n\(row)\n{\"text\": \"two\"}\n", to: "rows.jsonl")
    let error = #expect(throws: Failure.self) { try stream("rows.jsonl") }
    #expect(error?.area == .data)
    #expect(error?.place?.contains("rows.jsonl:3") == true, "\(error.debugDescription)")
    #expect(error?.description.contains(says) == true || says.isEmpty, "\(error.debugDescription)")
    let skipped = try PretrainingData.open(
      .init(train: ["\(folder.path)/rows.jsonl"]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"),
      options: .init(onError: .skip))
    #expect(try skipped.train.tokens(0..<skipped.train.count) == ids("one") + [end] + ids("two") + [end])
    #expect(skipped.warnings.count == 1)
  }

  @Test func invalidUTF8InARowIsNamed() throws {
    try folder.write(Array("{\"text\": \"a\"}\n{\"text\": \"".utf8) + [0xff] + Array("\"}\n".utf8), to: "rows.jsonl")
    let error = #expect(throws: Failure.self) { try stream("rows.jsonl") }
    #expect(error?.place?.contains("rows.jsonl:2") == true, "\(error.debugDescription)")
  }

  /// Longer than what is read at once (1 MiB); most words end where pre-tokenizers disagree about cutting.
  @Test func aLongTextIsReadInPiecesThatMakeTheWhole() throws {
    let words = (0..<500_000).map { "word\($0 % 977)" + ($0 % 50 == 0 ? " " : ".\n\n  ") }.joined()
    try folder.write(words, to: "long.txt")
    var pieces: [[UInt8]] = []
    try CorpusText.read(["\(folder.path)/long.txt"]) { pieces.append($0) }
    #expect(pieces.count > 3)
    #expect(Array(pieces.joined()) == Array(words.utf8))
    for (piece, next) in zip(pieces, pieces.dropFirst()) {
      #expect(piece.last.map { Character(UnicodeScalar($0)).isNumber } == true)
      #expect(next.first == 0x20)
    }
  }

  @Test func aLongTextWithoutSpacesIsCutBetweenCharacters() throws {
    let text = String(repeating: "語", count: 12_000_000)
    try folder.write(text, to: "long.txt")
    var pieces: [[UInt8]] = []
    try CorpusText.read(["\(folder.path)/long.txt"]) { pieces.append($0) }
    #expect(pieces.count == 3)
    #expect(pieces.allSatisfy { $0.count % 3 == 0 })
    #expect(pieces.map(\.count).reduce(0, +) == text.utf8.count)
  }

  /// Marks and rows that straddle the megabyte that is read at once.
  @Test(arguments: 0..<14)
  func marksAcrossTheReadersEdgeAreFound(shift: Int) throws {
    let first = String(repeating: "a b ", count: (1 << 20) / 4 - 4) + String(repeating: "x", count: shift + 3)
    try folder.write("\(first)<|endoftext|>second", to: "a.txt")
    let stream = try stream("a.txt")
    #expect(stream.documentCount == 2)
    #expect(stream.count == first.utf8.count + 1 + 6 + 1)
  }

  @Test func theTextOfSeveralFilesIsWhatATokenizerIsTrainedOn() throws {
    try folder.write("one<|endoftext|>two", to: "a.txt")
    try folder.write("{\"text\": \"three\"}\n", to: "b.jsonl")
    var texts: [String] = []
    try CorpusText.read(["\(folder.path)/{a.txt,b.jsonl}"]) { texts.append(String(decoding: $0, as: UTF8.self)) }
    #expect(texts == ["one", "two", "three"])
    try folder.write(version1([1]), to: "c.bin")
    let error = #expect(throws: Failure.self) { try CorpusText.read(["\(folder.path)/c.bin"]) { _ in } }
    #expect(error?.what == "a tokenizer cannot be trained on token shards")
  }

  @Test func theDigestOfTextIsThatOfTheContent() throws {
    let (a, b) = (try folder.write("some text", to: "a.txt"), try folder.write("some text", to: "b.txt"))
    let c = try folder.write("some next", to: "c.txt")
    // What was written a moment ago may be written again at the same time, and is not remembered.
    func settle() { Thread.sleep(forTimeInterval: 0.15) }
    settle()
    func digest(_ paths: String...) throws -> String { try CorpusText.digest(of: paths, cache: folder("cache")) }
    #expect(try digest(a) == digest(b))
    #expect(try digest(a) != digest(c))
    #expect(try digest(a, c) != digest(c, a))
    let known = try folder.names(below: "cache/sources")
    #expect(known.count == 3)
    let before = try digest(a)
    try folder.write("some text!", to: "a.txt")
    settle()
    #expect(try digest(a) != before)
    // What is known is not computed again.
    let path = "cache/sources/\(try #require(try folder.names(below: "cache/sources").first { !known.contains($0) }))"
    let json = try String(contentsOfFile: "\(folder.path)/\(path)", encoding: .utf8)
    let after = try digest(a)
    try folder.write(json.replacing("\"sha256\": \"", with: "\"sha256\": \"0"), to: path)
    #expect(try digest(a) != after)
  }

  @Test func aLongRowIsReadInPiecesThatMakeTheWhole() throws {
    let words = (0..<500_000).map { "word\($0 % 977) " }.joined()
    try folder.write("{\"text\": \"one\"}\n{\"text\": \"\(words)\"}\n{\"text\": \"two\"}", to: "rows.jsonl")
    var pieces: [[UInt8]] = []
    try CorpusText.read(["\(folder.path)/rows.jsonl"]) { pieces.append($0) }
    #expect(pieces.count > 5 && pieces.allSatisfy { $0.count <= 1 << 20 })
    #expect(Array(pieces.joined()) == Array("one\(words)two".utf8))
    #expect(try stream("rows.jsonl").documentCount == 3)
  }
}
