import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Files that gzip and zstd have written are read as what they unpack to.
@Suite struct CompressedFileTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private static let text = "one<|endoftext|>two"
  /// `gzip` twice, one after the other, in the middle of the mark.
  private static let gzip: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 207, 75, 181, 169, 73, 205, 75, 1, 0, 47, 100, 220, 85, 8, 0, 0, 0, 31, 139,
    8, 0, 0, 0, 0, 0, 2, 3, 203, 79, 43, 73, 173, 40, 169, 177, 43, 41, 207, 7, 0, 144, 155, 127, 204, 11, 0, 0, 0,
  ]
  /// `zstd` twice.
  private static let zstandard: [UInt8] = [
    40, 181, 47, 253, 4, 88, 65, 0, 0, 111, 110, 101, 60, 124, 101, 110, 100, 69, 60, 225, 15, 40, 181, 47, 253, 4, 88,
    89, 0, 0, 111, 102, 116, 101, 120, 116, 124, 62, 116, 119, 111, 56, 92, 173, 190,
  ]
  private static let packed: [(name: String, bytes: [UInt8])] = [("a.txt.gz", gzip), ("a.txt.zst", zstandard)]

  private func open(_ path: String) throws -> TokenStream {
    try PretrainingData.open(
      .init(train: [path]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache")
    ).train
  }

  @Test(arguments: packed) func membersAndFramesFollowEachOther(_ name: String, _ bytes: [UInt8]) throws {
    let plain = try open(folder.write(Self.text, to: "plain.txt"))
    let stream = try open(folder.write(bytes, to: name))
    #expect(try stream.tokens(0..<stream.count) == plain.tokens(0..<plain.count))
    #expect(stream.documentCount == 2 && stream.fingerprint == plain.fingerprint)
  }

  /// pzstd begins its files so.
  @Test func aFrameToBeSkippedMayComeFirst() throws {
    let skipped: [UInt8] = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
    #expect(try open(folder.write(skipped + Self.zstandard + skipped, to: "a.txt.zst")).count == 8)
  }

  /// Whole files, which zstd reads when it is told how: they are not called damaged.
  @Test(arguments: [
    ([0x21, 5, 1] as [UInt8], "needs the dictionary", "zstd -dc -D DICTIONARY"),
    ([0x00, 0xa8], "needs more memory", "zstd -dc --long=31"),
  ])
  func whatZstdMustBeToldIsNamed(_ header: [UInt8], _ what: String, _ command: String) throws {
    let path = try folder.write([0x28, 0xb5, 0x2f, 0xfd] + header + [9, 0, 0, 0x61], to: "a.txt.zst")
    let failure = refusal { _ = try open(path) }
    #expect(failure?.what.contains(what) == true && failure?.exitCode == 4, "\(failure.debugDescription)")
    #expect(failure?.notes == ["unpack it first: \(command) \(path) > \(path.dropLast(4))"])
  }

  /// The padding that tapes and disks leave is no data; other bytes are.
  @Test func whatFollowsAGzipStreamIsPaddingOrAnError() throws {
    #expect(try open(folder.write(Self.gzip + [0, 0, 0], to: "a.gz")).count == 8)
    let failure = refusal { _ = try open(folder.write(Self.gzip + [7], to: "b.gz")) }
    #expect(failure?.what == "the compressed file is damaged" && failure?.place == folder("b.gz"))
  }

  @Test(arguments: packed) func aStreamThatIsCutOffIsNeverTaken(_ name: String, _ bytes: [UInt8]) throws {
    // Between two members or frames the file is a whole one.
    let whole = name.hasSuffix("gz") ? 28 : 21
    for length in 5..<bytes.count where length != whole {
      let path = try folder.write(Array(bytes.prefix(length)), to: name)
      let failure = refusal { _ = try open(path) }
      #expect(failure?.exitCode == 4 && failure?.place == path, "\(length): \(failure.debugDescription)")
    }
  }

  @Test(arguments: packed) func aChangedByteIsFound(_ name: String, _ bytes: [UInt8]) throws {
    var found = 0
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x10
      let path = try folder.write(changed, to: name)
      do {
        let stream = try open(path)
        #expect(try stream.tokens(0..<stream.count) == open(folder.write(Self.text, to: "plain.txt")).tokens(0..<8))
      } catch let failure as Failure {
        #expect(failure.exitCode == 4, "\(index): \(failure)")
        found += 1
      }
    }
    // Names, times and the like are not covered by a checksum.
    #expect(found > bytes.count * 2 / 3)
  }

  @Test func aMissingLibraryIsNamedWithItsPackage() throws {
    for (compression, package) in [(Compression.gzip, "zlib1g"), (.zstandard, "libzstd1")] {
      let failure = refusal { _ = try compression.decoder(of: "a.gz", library: "libnone.so.1") }
      #expect(failure?.exitCode == 6 && failure?.what == "libnone.so.1 is missing, which unpacks the file")
      #expect(failure?.notes.first?.contains("apt-get install \(package)") == true)
    }
  }

  /// 64 MiB of zeros in 64 KiB: read a megabyte at a time, and refused at the first.
  @Test func aBombIsNotUnpackedAtOnce() throws {
    // A stored block of gzip's by `gzip`: made by the shell, which every machine that builds has.
    let path = folder("bomb.txt.gz")
    try Shell.run("head -c 67108864 /dev/zero | gzip -1 > \"$0\"", [path])
    let failure = refusal { _ = try open(path) }
    #expect(failure?.notes.first?.hasPrefix("it has zero bytes") == true, "\(failure.debugDescription)")
  }

  @Test func rowsAreReadToo() throws {
    let rows = #"{"prompt": "a", "completion": "b"}"#
    for (name, text) in [("lines.jsonl", "\(rows)\n\(rows)\n"), ("array.json", "[\(rows),\(rows)]")] {
      try folder.write(text, to: name)
    }
    try Shell.run("gzip \"$0\"/*.json*", [folder.path])
    for name in ["lines.jsonl.gz", "array.json.gz"] {
      let data = try InstructionData.open(
        [folder(name)], settings: .init(maximumLength: 64), format: .bytes(.plain))
      #expect(data.examples.count == 2, "\(name)")
      #expect(try RowKind(of: [folder(name)]) == .conversation)
    }
  }

  /// The sizes of compressed files say nothing about how many samples there can be.
  @Test func sizesOfCompressedFilesAreNotCounted() throws {
    let (plain, packed) = (try folder.write(Self.text, to: "a.txt"), try folder.write(Self.gzip, to: "b.gz"))
    #expect(CorpusSize.of([plain], format: nil)?.bytes == 19)
    #expect(CorpusSize.of([plain, packed], format: nil) == nil)
  }
}
