import Corpus
import Files
import Support
import Testing
import Tokenizers

/// What `validation_fraction` holds out of texts.
@Suite struct ValidationSplitTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func split(
    _ names: [String], _ fraction: Double, seed: UInt64? = 1
  ) throws -> (train: TokenStream, validation: TokenStream) {
    let data = try PretrainingData.open(
      .init(train: names.map { "\(folder.path)/\($0)" }, validationFraction: fraction, splitSeed: seed),
      tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"))
    return (data.train, try #require(data.validation))
  }

  private func documents(_ stream: TokenStream) throws -> [String] {
    try stream.tokens(0..<stream.count).split(separator: 256).map {
      String(decoding: $0.map(UInt8.init), as: UTF8.self)
    }
  }

  private func writeRows(_ name: String, _ count: Int, prefix: String) throws {
    try folder.write((0..<count).map { "{\"text\": \"\(prefix)\($0)\"}\n" }.joined(), to: name)
  }

  @Test func documentsAreDrawnBySeedFromEverySource() throws {
    try writeRows("a.jsonl", 300, prefix: "a")
    try writeRows("b.jsonl", 100, prefix: "b")
    let names = ["a.jsonl", "b.jsonl"]
    let (train, validation) = try split(names, 0.1)
    let (kept, held) = (try documents(train), try documents(validation))
    #expect(kept.count == 360 && held.count == 40 && train.documentCount == 360 && validation.documentCount == 40)
    #expect(Set(kept + held) == Set((0..<300).map { "a\($0)" } + (0..<100).map { "b\($0)" }))
    #expect(held.count { $0.hasPrefix("a") } == 30, "as many of each source as it has documents")
    #expect(held != Array(held.sorted().suffix(40)) && held.last != "b99")
    #expect(try documents(split(names, 0.1).validation) == held)
    #expect(try documents(split(names, 0.1, seed: 2).validation) != held)
    let last = try documents(split(names, 0.1, seed: nil).validation)
    #expect(last == (100 - last.count..<100).map { "b\($0)" } && 35...55 ~= last.count)
    #expect(train.fingerprint != validation.fingerprint)
  }

  /// Books give their tails; short rows beside them are drawn.
  @Test func longDocumentsGiveTheirTails() throws {
    for book in ["x", "y", "z"] { try folder.write(String(repeating: book, count: 5000), to: "\(book).txt") }
    let (train, validation) = try split(["x.txt", "y.txt", "z.txt"], 0.1)
    let lengths = try documents(validation).map { "\($0.prefix(1))\($0.count)" }
    #expect(lengths == ["x500", "y500", "z500"])
    #expect(validation.count == 1503 && train.count == 13_500)
    #expect(
      try train.tokens(0..<train.count)
        == ["x", "y", "z"].flatMap { Array(repeating: Int32(Array($0.utf8)[0]), count: 4500) })
    // A head has no end: nothing is predicted from it for the document after it, and a tail is not predicted from the end of
    // another document.
    let heads = try WindowLoader(train, sequenceLength: 13_499, seed: 1, shuffle: false).batch(samples: [0])
    #expect(heads.targets.indices.filter { heads.targets[$0] < 0 } == [4499, 8999])
    #expect(heads.layout.positions[4499...4501] == [4499, 0, 1])
    let tails = try WindowLoader(validation, sequenceLength: 1503, seed: 1, keepsTail: true).batch(samples: [0])
    #expect(tails.targets.indices.filter { tails.targets[$0] < 0 } == [500, 1001])
    #expect(tails.weight == 1500)

    try writeRows("rows.jsonl", 1000, prefix: "row ")
    let mixed = try documents(split(["x.txt", "rows.jsonl"], 0.05).validation)
    #expect(mixed.count == 51 && mixed[0].count == 250 && mixed.dropFirst().allSatisfy { $0.hasPrefix("row ") })
  }

  /// Documents so few that one is a third of all: their ends have to do, or the third is said.
  @Test func fewDocumentsGiveTheirTailsOrSayHowMuchTheyGive() throws {
    for name in ["x", "y", "z"] { try folder.write(String(repeating: name, count: 980), to: "\(name).txt") }
    let names = ["x.txt", "y.txt", "z.txt"]
    let lengths = try documents(split(names, 0.02).validation).map { "\($0.prefix(1))\($0.count)" }
    #expect(lengths == ["x19", "y19", "z19"])
    let data = try PretrainingData.open(
      .init(train: names.map { "\(folder.path)/\($0)" }, validationFraction: 0.005, splitSeed: 1),
      tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"))
    #expect(data.validation?.count == 981)
    #expect(data.warnings == ["33 % of the tokens are held out: no fewer, as a document is held out as a whole"])
  }

  /// Without a draw the end is held out, from the end of a document on where one is near.
  @Test func theLastDocumentIsCutWhereNoEndIsNear() throws {
    try folder.write(String(repeating: "x", count: 5000), to: "x.txt")
    #expect(try split(["x.txt"], 0.2, seed: nil).validation.count == 1000)
    try writeRows("rows.jsonl", 100, prefix: "row ")
    let (train, validation) = try split(["rows.jsonl", "x.txt"], 0.2, seed: nil)
    #expect(try documents(validation).map(\.count) == [validation.count - 1] && validation.count == 1139)
    #expect(train.count + validation.count == 5691 && train.documentCount == 101)
  }

  @Test func aPlainTextGivesItsTailAndEachOfSeveralShardsItsOwn() throws {
    try folder.write(String(repeating: "ab", count: 500), to: "a.txt")
    let (train, validation) = try split(["a.txt"], 0.1)
    #expect(train.count == 900 && validation.count == 100 && !train.hasDocuments)
    try folder.write(version1((0..<100).map { $0 }), to: "1.bin")
    try folder.write(version1((100..<200).map { $0 }), to: "2.bin")
    let shards = try split(["1.bin", "2.bin"], 0.1)
    #expect(try shards.validation.tokens(0..<20) == Array(90..<100) + Array(190..<200))
    let batch = try WindowLoader(shards.train, sequenceLength: 179, seed: 1).batch(samples: [0])
    #expect(batch.targets.indices.filter { batch.targets[$0] < 0 } == [89])
    #expect(batch.layout.positions[89...91] == [89, 0, 1])
  }

  @Test func aTextThatIsTooSmallIsRefusedInItsUsersTerms() throws {
    try folder.write("one<|endoftext|>", to: "a.txt")
    let error = #expect(throws: Failure.self) { try split(["a.txt"], 0.1) }
    #expect(error?.what == "the text is too small to hold out a part of it" && error?.place == "\(folder.path)/a.txt")
    #expect(error?.notes.first == "data.validation_fraction (0.1) of 4 tokens in 1 document")
    // Two short documents: one of them is held out.
    try folder.write("one<|endoftext|>two", to: "b.txt")
    #expect(try documents(split(["b.txt"], 0.01).validation).count == 1)
  }

  @Test func aDrawTakesOneOfEachRun() {
    for (wanted, count) in [(0, 5), (1, 1), (3, 10), (7, 7), (99, 100)] {
      var draw = StratifiedDraw(of: wanted, outOf: count, seed: 5)
      let taken = (0..<count).filter { _ in draw.takesNext() }
      #expect(taken.count == wanted)
      for (run, item) in taken.enumerated() { #expect(run * count / wanted..<(run + 1) * count / wanted ~= item) }
    }
  }
}
