import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

@Suite struct PreparedCorpusTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Prepares `files` and says what was reported: nothing when the cache was good.
  private func prepare(
    _ files: [String], options: PreparedCorpus.Options = .init()
  ) throws -> (corpus: PreparedCorpus, reports: [PreparedCorpus.Progress]) {
    var reports: [PreparedCorpus.Progress] = []
    let corpus = try PreparedCorpus.prepare(
      files, tokenizer: .bytes, cache: folder("cache"), options: options
    ) { reports.append($0) }
    return (corpus, reports)
  }

  @Test func theCacheIsUsedWhileTheTextIsTheSame() throws {
    let path = try folder.write("one<|endoftext|>two", to: "a.txt")
    let (first, reports) = try prepare([path])
    #expect(reports == [.encoded(bytes: 19, ofBytes: 19, tokens: 8)])
    #expect(first.documents == 2 && first.textBytes == 6)
    let (second, none) = try prepare([path])
    #expect(none.isEmpty)
    #expect(second.folder == first.folder && second.stream.fingerprint == first.stream.fingerprint)
    // Another time of change, the same content: the digest decides.
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
    #expect(try prepare([path]).reports.isEmpty)
  }

  @Test func changedTextIsPreparedAgain() throws {
    let path = try folder.write("one<|endoftext|>two", to: "a.txt")
    let before = try prepare([path]).corpus
    try folder.write("one<|endoftext|>six", to: "a.txt")
    let (after, reports) = try prepare([path])
    #expect(reports.first == .stale(reason: "\(path) changed"))
    #expect(try after.stream.tokens(4..<7) == "six".utf8.map(Int32.init))
    #expect(after.stream.fingerprint != before.stream.fingerprint)
    // Who had the old corpus open still reads it.
    #expect(try before.stream.tokens(4..<7) == "two".utf8.map(Int32.init))
    #expect(try folder.names(below: "cache/corpora").filter { !$0.contains("/") }.count == 1)
  }

  /// Size and time of modification are what they were.
  @Test func changesThatHideAreFound() throws {
    let path = try folder.write("one<|endoftext|>two", to: "a.txt")
    let corpus = try prepare([path]).corpus
    Thread.sleep(forTimeInterval: 0.2)
    #expect(try prepare([path]).reports.isEmpty)
    func change(_ path: String) throws {
      let time = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]!
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      bytes[bytes.count - 2] ^= 1
      try bytes.write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
    }
    for name in ["documents.bin", "shard-00000.bin"] {
      try change("\(corpus.folder)/\(name)")
      let (again, reports) = try prepare([path])
      #expect(reports.first == .stale(reason: "its files are damaged"))
      #expect(again.stream.fingerprint == corpus.stream.fingerprint)
    }
    try change(path)
    #expect(try prepare([path]).reports.first == .stale(reason: "\(path) changed"))
  }

  @Test func damagedCachesArePreparedAgain() throws {
    let path = try folder.write("one<|endoftext|>two", to: "a.txt")
    let (corpus, _) = try prepare([path])
    for name in ["index.json", "documents.bin", "shard-00000.bin"] {
      let file = "\(corpus.folder)/\(name)"
      let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
      try bytes.dropLast(2).write(to: URL(fileURLWithPath: file))
      let (again, reports) = try prepare([path])
      guard case .stale = reports.first else { throw Failure(.data, "\(name): \(reports)") }
      #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == bytes || name == "index.json")
      #expect(again.stream.fingerprint == corpus.stream.fingerprint)
      try FileManager.default.removeItem(atPath: file)
      #expect(try !prepare([path]).reports.isEmpty)
    }
  }

  @Test func anErrorLeavesNothingBehind() throws {
    let path = try folder.write("{\"text\": \"one\"}\n{\"text\": \"tw", to: "rows.jsonl")
    #expect(throws: Failure.self) { try prepare([path]) }
    #expect(try folder.names(below: "cache/corpora") == [])
  }

  /// A process that was killed leaves its temporary folder: it is not taken for a corpus, and the next preparation removes it.
  @Test func anInterruptedPreparationIsNotTakenForACorpus() throws {
    let path = try folder.write("one<|endoftext|>two", to: "a.txt")
    let (corpus, _) = try prepare([path])
    let key = URL(fileURLWithPath: corpus.folder).lastPathComponent
    // No process has this number: it is above the largest that Linux gives.
    let leftover = "\(folder("cache"))/corpora/.tmp-\(key).99999999"
    try FileManager.default.moveItem(atPath: corpus.folder, toPath: leftover)
    let (again, reports) = try prepare([path])
    #expect(reports == [.encoded(bytes: 19, ofBytes: 19, tokens: 8)])
    #expect(again.stream.fingerprint == corpus.stream.fingerprint)
    #expect(!FileManager.default.fileExists(atPath: leftover))
  }

  @Test func preparationsAtTheSameTimeDoNotDisturbEachOther() throws {
    let path = try folder.write("one<|endoftext|>two", to: "a.txt")
    let (cache, waits, ends) = (folder("cache"), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    nonisolated(unsafe) var inner: PreparedCorpus?
    nonisolated(unsafe) var reports: [PreparedCorpus.Progress] = []
    var isStarted = false
    let outer = try PreparedCorpus.prepare([path], tokenizer: .bytes, cache: cache) { _ in
      if isStarted { return }
      isStarted = true
      Thread.detachNewThread {
        inner = try? PreparedCorpus.prepare([path], tokenizer: .bytes, cache: cache) {
          reports.append($0)
          waits.signal()
        }
        ends.signal()
      }
      // The first one is not finished before the second one waits for it.
      #expect(waits.wait(timeout: .now() + 20) == .success)
    }
    #expect(ends.wait(timeout: .now() + 20) == .success)
    #expect(reports == [.waiting])
    #expect(try outer.stream.tokens(0..<8) == #require(inner).stream.tokens(0..<8))
    #expect(outer.folder == inner?.folder)
    #expect(try folder.names(below: "cache/corpora").filter { !$0.contains("/") }.count == 1)
    #expect(try prepare([path]).reports.isEmpty)
  }

  @Test func theShardsAreLLMCs() throws {
    let path = try folder.write("abcdef", to: "a.txt")
    let (corpus, _) = try prepare([path], options: .init(shardLimit: 4))
    #expect(
      try folder.names(below: "cache/corpora/\(URL(fileURLWithPath: corpus.folder).lastPathComponent)") == [
        "documents.bin", "index.json", "shard-00000.bin", "shard-00001.bin",
      ])
    #expect(
      try Array(Data(contentsOf: URL(fileURLWithPath: "\(corpus.folder)/shard-00000.bin")))
        == version1([97, 98, 99, 100]))
    #expect(
      try Array(Data(contentsOf: URL(fileURLWithPath: "\(corpus.folder)/shard-00001.bin"))) == version1([101, 102]))
    #expect(try corpus.stream.tokens(2..<6) == [99, 100, 101, 102])
    // They can be read as shards, too.
    let shards = try PretrainingData.open(
      .init(train: ["\(corpus.folder)/shard-*.bin"]), tokenizer: nil, vocabularySize: 257, cache: folder("cache"))
    #expect(try shards.train.tokens(0..<6) == corpus.stream.tokens(0..<6))
  }

  @Test func theSizeOfShardsDoesNotChangeTheStream() throws {
    let rows = (0..<3000).map { "{\"text\": \"\(String(repeating: "story \($0) ", count: $0 % 17))\"}\n" }.joined()
    let path = try folder.write(rows, to: "rows.jsonl")
    let whole = try prepare([path]).corpus.stream
    let parts = try prepare([path], options: .init(shardLimit: 10_007)).corpus.stream
    #expect(parts.shards.count > 10)
    #expect(try whole.tokens(0..<whole.count) == parts.tokens(0..<whole.count))
    let loader = try WindowLoader(whole, sequenceLength: 64, seed: 2)
    let other = try WindowLoader(parts, sequenceLength: 64, seed: 2)
    #expect(try loader.batch(startingAt: 0, rows: 500) == other.batch(startingAt: 0, rows: 500))
  }
}
