import Checkpoints
import Files
import Foundation
import Support
import Testing

/// Everything a file holds, as bits.
private func contents(of path: String) throws -> (Attributes, [StoredArray], [[UInt32]]) {
  let file = try ArrayFile(path)
  let values = try file.arrays.map { try file.read($0, as: Float.self).map(\.bitPattern) }
  return (file.attributes, file.arrays, values)
}

private func smallFile(_ path: String) throws -> [UInt8] {
  let contents = ArrayFileContents(
    attributes: ["format": .string("train-model"), "config": .string(String(repeating: "{}", count: 3000))],
    groups: [ArrayGroup("model", (0..<12).map { NamedArray("w\($0)", shape: [5, 4], values: noise(20)) })])
  try contents.write(to: path)
  return try ReadableFile.contents(of: path, area: .data)
}

struct DamagedFileTests {
  @Test func aFileCutOffAnywhereIsRefused() throws {
    try withScratchFolder(inMemory: true) { folder in
      let bytes = try smallFile("\(folder)/whole.h5")
      let lengths = [0, 1, 7, 8, 11, 12, 47, 48, 49, 500, bytes.count / 2, bytes.count - 1]
      for length in lengths + Array(stride(from: 100, to: bytes.count, by: 997)) {
        try Data(bytes[..<length]).write(to: URL(fileURLWithPath: "\(folder)/short.h5"))
        #expect(refusal { _ = try contents(of: "\(folder)/short.h5") }?.exitCode == 5, "\(length) bytes")
      }
    }
  }

  /// Each flipped bit is refused, or it is in an unused part of the file.
  @Test func noFlippedBitChangesWhatIsRead() throws {
    try withScratchFolder(inMemory: true) { folder in
      let bytes = try smallFile("\(folder)/whole.h5")
      let whole = try contents(of: "\(folder)/whole.h5")
      var generator = SeededGenerator(seed: 5)
      var refused = 0
      for round in 0..<300 {
        let range = [0..<bytes.count, 0..<1024, (bytes.count - 4096)..<bytes.count][round % 3]
        let bit = Int.random(in: 0..<8, using: &generator)
        var flipped = bytes
        flipped[Int.random(in: range, using: &generator)] ^= 1 << UInt8(bit)
        try Data(flipped).write(to: URL(fileURLWithPath: "\(folder)/flipped.h5"))
        do {
          let read = try contents(of: "\(folder)/flipped.h5")
          #expect(read == whole)
        } catch {
          #expect((error as? Failure)?.exitCode == 5)
          refused += 1
        }
      }
      #expect(refused > 200)
    }
  }

  @Test func unfinishedAndOtherFilesAreNamed() throws {
    try withScratchFolder(inMemory: true) { folder in
      var unfinished = try smallFile("\(folder)/whole.h5")
      unfinished[11] = 1
      var old = try smallFile("\(folder)/whole.h5")
      old[8] = 0
      let cases: [([UInt8], String)] = [
        (unfinished, "never finished"), (old, "older format"),
        (Array("PK\u{3}\u{4}".utf8) + old, "pickle can run code"),
        ([0x80, 0x02] + old, "pickle can run code"), (Array("{\"a\": 1}".utf8) + old, "not an HDF5 file"),
      ]
      for (bytes, words) in cases {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/file"))
        let refusal = try #require(refusal { _ = try ArrayFile("\(folder)/file") })
        #expect(refusal.exitCode == 5)
        #expect(refusal.description.contains(words), "\(refusal)")
      }
      #expect(refusal { _ = try ArrayFile(folder) }?.what == "a folder where a file is expected")
      #expect(refusal { _ = try ArrayFile("\(folder)/missing") }?.exitCode == 5)
    }
  }
}
