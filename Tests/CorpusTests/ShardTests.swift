import Corpus
import Files
import Foundation
import Support
import Testing

@Suite struct ShardTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func open(_ name: String..., vocabularySize: Int, format: CorpusFormat? = nil) throws -> TokenStream {
    try PretrainingData.open(
      .init(train: name.map { "\(folder.path)/\($0)" }, format: format), tokenizer: nil,
      vocabularySize: vocabularySize, cache: folder("cache")
    ).train
  }

  @Test func everyLayoutIsRead() throws {
    let small = [5, 0, 65_535, 256, 4660]
    try folder.write(version1(small), to: "v1.bin")
    try folder.write(small.flatMap { littleEndian(UInt16($0)) }, to: "raw.bin")
    try folder.write(version7([70_000, 1, 127_999]), to: "v7.bin")
    #expect(try open("v1.bin", vocabularySize: 65_536).tokens(0..<5) == [5, 0, 65_535, 256, 4660])
    #expect(
      try open("raw.bin", vocabularySize: 65_536, format: .uint16).tokens(1..<4) == [0, 65_535, 256])
    #expect(try open("v7.bin", vocabularySize: 128_000).tokens(0..<3) == [70_000, 1, 127_999])
    let both = try open("v7.bin", "v1.bin", vocabularySize: 128_000)
    #expect(both.count == 8)
    #expect(try both.tokens(2..<5) == [127_999, 5, 0])
    #expect(both.shards.map(\.tokens) == [3, 5])
  }

  @Test(arguments: [257, 65_536, 65_537, 128_256])
  func shardsAreWrittenInTheSmallestLayout(vocabularySize: Int) throws {
    let tokens = (0..<1000).map { Int32($0 * 37 % vocabularySize) } + [0, Int32(vocabularySize - 1)]
    var writer = ShardWriter(folder: folder.path, vocabularySize: vocabularySize, limit: 300)
    for part in [tokens[..<1], tokens[1..<700], tokens[700...]] { try writer.append(Array(part)) }
    #expect(try writer.finish().map(\.tokens) == [300, 300, 300, 102])
    for shard in 0..<4 {
      let written = try Array(Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/shard-0000\(shard).bin")))
      let part = tokens[300 * shard..<min(300 * shard + 300, tokens.count)].map(Int.init)
      #expect(written == (vocabularySize <= 65_536 ? version1(part) : version7(part)))
    }
  }

  /// What is wrong with a file, and what the message has to say.
  struct Bad: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    var format: CorpusFormat?
    let says: String
  }

  static let bad: [Bad] = [
    Bad(testDescription: "no byte", bytes: [], says: "the file is empty"),
    Bad(
      testDescription: "a cut header", bytes: Array(version1([1]).prefix(1023)), says: "expected at least 1024 bytes"),
    Bad(
      testDescription: "another magic", bytes: shardBytes([1], magic: 20_240_521, version: 1), format: .shards,
      says: "found magic 20240521, version 1"),
    Bad(
      testDescription: "another version", bytes: shardBytes([1], magic: 20_240_520, version: 2),
      says: "found magic 20240520, version 2"),
    Bad(
      testDescription: "versions crossed", bytes: shardBytes([1], magic: 20_240_801, version: 1),
      says: "found magic 20240801, version 1"),
    Bad(
      testDescription: "one byte short", bytes: version1([1, 2, 3]).dropLast(), says: "1030 bytes; the file has 1029"),
    Bad(testDescription: "one byte long", bytes: version1([1, 2, 3]) + [0], says: "1030 bytes; the file has 1031"),
    Bad(
      testDescription: "a token short", bytes: version7([1, 2, 3]).dropLast(4), says: "1036 bytes; the file has 1032"),
    Bad(
      testDescription: "a negative count", bytes: shardBytes([1], magic: 20_240_801, version: 7, count: -1),
      says: "the header says -1 tokens"),
    Bad(
      testDescription: "2^31 - 1 tokens claimed", bytes: shardBytes([1], magic: 20_240_801, version: 7, count: .max),
      says: "the header says 2147483647 tokens, that is 8589935612 bytes; the file has 1028"),
    Bad(testDescription: "no token", bytes: version1([]), says: "the shard holds no token"),
    Bad(testDescription: "an odd raw file", bytes: [1, 0, 2], format: .uint16, says: "odd length"),
    Bad(testDescription: "raw without being asked for", bytes: [1, 0, 2, 0], says: "data.format = \"uint16\""),
    Bad(testDescription: "gzip", bytes: [0x1f, 0x8b, 8, 0, 1, 1], says: "the compressed file is cut off"),
  ]

  @Test(arguments: bad)
  func aBadShardIsRefused(bad: Bad) throws {
    try folder.write(bad.bytes, to: "bad.bin")
    let error = #expect(throws: Failure.self) { try open("bad.bin", vocabularySize: 100, format: bad.format) }
    #expect(error?.area == .data)
    #expect(error?.description.contains(bad.says) == true, "\(error.debugDescription)")
    #expect(error?.place?.contains("bad.bin") == true)
  }

  @Test func anIdOutsideTheVocabularyIsFoundBeforeTheFirstStep() throws {
    try folder.write(version1([1, 2, 3]), to: "good.bin")
    try folder.write(version1([1, 99, 101, 4, 101, 7]), to: "bad.bin")
    let error = #expect(throws: Failure.self) { try open("good.bin", "bad.bin", vocabularySize: 100) }
    #expect(error?.what == "token id 101 is outside the vocabulary")
    #expect(error?.place == "\(folder.path)/bad.bin, token 2")
    #expect(try open("bad.bin", vocabularySize: 102).count == 6)
  }

  @Test func theScanIsKeptUntilTheShardChanges() throws {
    let path = try folder.write(version1([1, 2, 3]), to: "a.bin")
    var scans = 0
    func fingerprint() throws -> String {
      try PretrainingData.open(.init(train: [path]), tokenizer: nil, vocabularySize: 10, cache: folder("cache")) {
        if case .scanning = $0 { scans += 1 }
      }.train.fingerprint
    }
    // A file that has only just been written could change again within a step of the clock.
    Thread.sleep(forTimeInterval: 0.2)
    let first = try fingerprint()
    #expect(try fingerprint() == first)
    #expect(scans == 1)
    try folder.write(version1([1, 2, 4]), to: "a.bin")
    Thread.sleep(forTimeInterval: 0.2)
    #expect(try fingerprint() != first)
    #expect(scans == 2)
    // Other tokens in a file of the same size and time of modification.
    let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]!
    try folder.write(version1([1, 2, 5]), to: "a.bin")
    try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
    let other = try fingerprint()
    #expect(other != first)
    #expect(scans == 3)
  }

  @Test func aShardThatShrinksWhileOpenIsAnError() throws {
    let path = try folder.write(version7(Array(0..<5000)), to: "a.bin")
    let stream = try open("a.bin", vocabularySize: 5000)
    #expect(truncate(path, 1024 + 4 * 100) == 0)
    #expect(try stream.tokens(0..<100).last == 99)
    let error = #expect(throws: Failure.self) { try stream.tokens(50..<150) }
    #expect(error?.area == .data)
    #expect(error?.place?.contains("a.bin") == true)
  }

  @Test func anIdThatTurnsBadAfterTheScanIsStillCaught() throws {
    try folder.write(version7(Array(0..<100)), to: "a.bin")
    let stream = try open("a.bin", vocabularySize: 100)
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder.path)/a.bin"))
    try handle.seek(toOffset: 1024 + 4 * 42)
    try handle.write(contentsOf: littleEndian(UInt32.max))
    try handle.close()
    let error = #expect(throws: Failure.self) { try stream.tokens(40..<50) }
    #expect(error?.place == "\(folder.path)/a.bin, token 42")
  }

  /// A sparse file of 4.8 GB: the last tokens are beyond 2^32 bytes.
  @Test func offsetsBeyondFourGigabytes() throws {
    let count = 1_200_000_000
    let path = try folder.write(
      shardBytes([], magic: 20_240_801, version: 7, count: Int32(count)), to: "huge.bin")
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: UInt64(1024 + 4 * (count - 3)))
    try handle.seekToEnd()
    try handle.write(contentsOf: [7, 8, 9].flatMap { littleEndian(UInt32($0)) })
    try handle.close()
    let shard = try Shard(path)
    let stream = TokenStream(shards: [shard, shard], digests: ["a", "a"], documents: nil, vocabularySize: 10)
    #expect(stream.count == 2 * count)
    #expect(try stream.tokens(count - 4..<count + 1) == [0, 7, 8, 9, 0])
    #expect(try stream.tokens(2 * count - 3..<2 * count) == [7, 8, 9])
  }
}
