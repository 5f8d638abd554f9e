import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

@Suite struct PretrainingDataTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func open(
    _ train: [String], validation: [String] = [], fraction: Double? = nil, tokenizer: Tokenizer? = .bytes
  ) throws -> PretrainingData {
    func paths(_ names: [String]) -> [String] { names.map { $0.hasPrefix("/") ? $0 : "\(folder.path)/\($0)" } }
    return try PretrainingData.open(
      .init(train: paths(train), validation: paths(validation), validationFraction: fraction), tokenizer: tokenizer,
      vocabularySize: 257, cache: folder("cache"))
  }

  /// nanoGPT: `train_data = data[:int(n * 0.9)]`.
  @Test func aPlainStreamIsSplitAtItsTail() throws {
    try folder.write(String(repeating: "x", count: 1_115_394), to: "a.txt")
    let data = try open(["a.txt"], fraction: 0.1)
    #expect(data.train.count == 1_003_854)
    #expect(data.validation?.count == 111_540)
  }

  @Test func aPartThatLeavesNothingIsRefused() throws {
    try folder.write("one<|endoftext|>two<|endoftext|>", to: "a.txt")
    let data = try open(["a.txt"], fraction: 0.5)
    #expect(data.train.count == 4 && data.validation?.count == 4)
    let error = #expect(throws: Failure.self) { try open(["a.txt"], fraction: 0.01) }
    #expect(error?.what == "the text is too small to hold out a part of it")
    #expect(error?.place == "\(folder.path)/a.txt")
  }

  @Test func aFileInBothPartsIsAWarning() throws {
    try folder.write("some text", to: "a.txt")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/b.txt", withDestinationPath: "\(folder.path)/a.txt")
    #expect(try open(["a.txt"], validation: ["b.txt"]).warnings.count == 1)
    try folder.write("other text", to: "c.txt")
    #expect(try open(["a.txt"], validation: ["c.txt"]).warnings.isEmpty)
  }

  /// Of a data set's folder its README would be learnt without a word.
  @Test func textsBesideRowsAreNamed() throws {
    try FileManager.default.createDirectory(atPath: folder("set"), withIntermediateDirectories: true)
    try folder.write("{\"text\": \"some text\"}\n", to: "set/rows.jsonl")
    #expect(try open(["set"]).warnings.isEmpty)
    try folder.write("# A set", to: "set/README.md")
    let warnings = try open(["set"]).warnings
    #expect(warnings.count == 1 && warnings[0].contains("both are trained on: \(folder.path)/set/README.md"))
    #expect(try open(["set/rows.jsonl", "set/README.md"]).warnings.isEmpty)
  }

  @Test func whatIsMissingIsNamedInOnePass() throws {
    try FileManager.default.createDirectory(atPath: folder("empty"), withIntermediateDirectories: true)
    let error = #expect(throws: Failure.self) { try open(["none.txt", "*.none", "", "empty"]) }
    let lines = error?.description ?? ""
    #expect(error?.area == .data && error?.others.count == 3)
    #expect(lines.contains("no such file\n  --> \(folder.path)/none.txt\n  = the working folder is /"))
    #expect(lines.contains("no file matches the pattern\n  --> \(folder.path)/*.none"))
    #expect(lines.contains("the folder has no files\n  --> \(folder.path)/empty"))
  }

  @Test func everyProblemOfARecipesFilesIsFoundWithoutReadingThem() throws {
    try folder.write(version1([1, 2]), to: "good.bin")
    try folder.write(version1([1, 2]) + [0], to: "long.bin")
    try folder.write(version7([1, 2]).dropLast(), to: "short.bin")
    let names = ["good.bin", "long.bin", "short.bin"].map { "\(folder.path)/\($0)" }
    let shards = #expect(throws: Failure.self) { try PretrainingData.validate(.init(train: names)) }
    #expect(shards?.others.count == 1)
    let missing = #expect(throws: Failure.self) {
      try PretrainingData.validate(.init(train: ["no.1", "no.2"], validation: ["no.3", "no.4"]))
    }
    #expect(missing?.description.split(separator: "\n").filter { $0.hasPrefix("error[data]: no such file") }.count == 4)
    #expect(try PretrainingData.validate(.init(train: [names[0]], validation: [names[0]])).count == 1)
    #expect(throws: Failure.self) { try PretrainingData.validate(.init(train: [])) }
  }

  @Test func pipesAndEmptyFilesAreRefusedWithoutWaiting() throws {
    #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
    try folder.write("", to: "empty.txt")
    for name in ["pipe", "empty.txt"] {
      let error = #expect(throws: Failure.self) { try open([name]) }
      #expect(error?.area == .data && error?.place == "\(folder.path)/\(name)")
    }
    try folder.write(" \n<|endoftext|>\n ", to: "blank.txt")
    let error = #expect(throws: Failure.self) { try open(["blank.txt"]) }
    #expect(error?.what == "the corpus has no text")
  }

  @Test func textAndShardsDoNotMix() throws {
    try folder.write("text", to: "a.txt")
    try folder.write(version1([1, 2]), to: "b.bin")
    let error = #expect(throws: Failure.self) { try open(["a.txt", "b.bin"]) }
    #expect(error?.what == "text and token shards in one list")
    let missing = #expect(throws: Failure.self) { try open(["a.txt"], tokenizer: nil) }
    #expect(missing?.what == "text needs a tokenizer")
    let small = #expect(throws: Failure.self) {
      try PretrainingData.open(
        .init(train: ["\(folder.path)/a.txt"]), tokenizer: .bytes, vocabularySize: 256, cache: folder("cache"))
    }
    #expect(small?.what == "the tokenizer has more tokens than the model")
  }

  @Test func patternsAreSortedAndKeepTheirOrder() throws {
    for name in ["c.txt", "a.txt", "b.txt"] { try folder.write(String(name.prefix(1)), to: name) }
    let stream = try open(["c.txt", "[ab].txt"]).train
    #expect(try stream.tokens(0..<6) == [99, 256, 97, 256, 98, 256])
  }

  @Test func theFingerprintIsThatOfTheContent() throws {
    try folder.write("some text", to: "a.txt")
    try folder.write("some text", to: "b.txt")
    try folder.write("some next", to: "c.txt")
    let fingerprints = try ["a.txt", "b.txt", "c.txt"].map { try open([$0]).train.fingerprint }
    #expect(fingerprints[0] == fingerprints[1] && fingerprints[0] != fingerprints[2])
  }
}
