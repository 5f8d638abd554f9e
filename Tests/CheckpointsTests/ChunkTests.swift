import CHDF5
import Checkpoints
import Files
import Foundation
import Support
import Testing

@Suite struct ChunkTests {
  /// HDF5 makes the file here, so its checksums and its places for chunks are what is compared with.
  @Test func chunksOfAnyShapeAreReadAsHDF5WroteThem() throws {
    let shapes: [(lengths: [Int], chunk: [Int])] = [
      ([10], [3]), ([10], [10]), ([7, 12], [2, 12]), ([7, 12], [3, 5]), ([7, 12], [7, 1]), ([5, 4, 6], [1, 3, 6]),
      ([5, 4, 6], [2, 3, 4]), ([3, 1, 700], [1, 1, 256]), ([400, 33], [64, 33]), ([300_000], [262_144]),
    ]
    for (lengths, chunk) in shapes {
      try withScratchFolder(inMemory: true) { folder in
        let values = noise(lengths.reduce(1, *), seed: 7)
        try HandMade.make("\(folder)/f.h5") {
          $0.array(lengths: lengths.map { hsize_t($0) }, chunk: chunk.map { hsize_t($0) }, values: values)
        }
        let file = try ArrayFile("\(folder)/f.h5")
        let array = try #require(file.array("w", in: "model"))
        #expect(
          try file.read(array, as: Float.self).map(\.bitPattern) == values.map(\.bitPattern), "\(lengths) \(chunk)")
        try file.verify()
        let row = values.count / lengths[0]
        for rows in [0..<1, 1..<lengths[0], 2..<3, lengths[0] - 1..<lengths[0]] {
          var part = [Float](repeating: 0, count: rows.count * row)
          try part.withUnsafeMutableBytes { try file.read(rows: rows, of: array, into: $0) }
          let expected = values[rows.lowerBound * row..<rows.upperBound * row].map(\.bitPattern)
          #expect(part.map(\.bitPattern) == expected, "\(lengths) \(chunk) \(rows)")
        }
      }
    }
  }

  @Test func bytesOfOddChunksAreRead() throws {
    try withScratchFolder(inMemory: true) { folder in
      let bytes = (0..<1001).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      let contents = ArrayFileContents(
        attributes: [:], groups: [ArrayGroup("g", [NamedArray("b", shape: [77, 13], values: bytes)])])
      try contents.write(to: "\(folder)/f.h5")
      let file = try ArrayFile("\(folder)/f.h5")
      #expect(try file.read(file.arrays[0], as: UInt8.self) == bytes)
    }
  }

  /// A chunk at the edge is stored whole, and its checksum is over all of it.
  @Test func everyByteOfAChunkAndOfItsChecksumCounts() throws {
    try withScratchFolder(inMemory: true) { folder in
      let path = "\(folder)/f.h5"
      let values = noise(10, seed: 3)
      try HandMade.make(path) { $0.array(lengths: [10], chunk: [4], values: values) }
      let bytes = try ReadableFile.contents(of: path, area: .data)
      let pattern = values[8...].flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
      let start = try #require(bytes.indices.first { bytes[$0...].starts(with: pattern) })
      for place in start..<start + 20 {
        var damaged = bytes
        damaged[place] ^= 0x10
        try Data(damaged).write(to: URL(filePath: path))
        let file = try ArrayFile(path)
        let refusal = try #require(
          refusal { _ = try file.read(file.arrays[0], as: Float.self) }, "byte \(place - start)")
        #expect(refusal.exitCode == 5 && refusal.what.contains("w does not have its checksum"), "\(refusal)")
        #expect(throws: Failure.self) { try file.verify() }
      }
    }
  }

  @Test func checksumsAreThoseOfHDF5InAllLengths() {
    // The words of H5_checksum_fletcher32, one after the other.
    func slow(_ bytes: [UInt8]) -> UInt32 {
      var (sum, weighted): (UInt64, UInt64) = (0, 0)
      for start in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt64(bytes[start]) << 8 | (start + 1 < bytes.count ? UInt64(bytes[start + 1]) : 0)
        weighted += sum
        if sum > 0xFFFF { sum = (sum & 0xFFFF) + (sum >> 16) }
        while weighted > 0xFFFF { weighted = (weighted & 0xFFFF) + (weighted >> 16) }
      }
      return UInt32(weighted) << 16 | UInt32(sum)
    }
    var generator = SeededGenerator(seed: 4)
    for length in Array(0..<20) + [359, 360, 361, 511, 512, 513, 1023, 1024, 1025, 4999] {
      let samples: [[UInt8]] = [
        (0..<length).map { _ in .random(in: .min ... .max, using: &generator) }, .init(repeating: 0, count: length),
        .init(repeating: 0xFF, count: length),
      ]
      for bytes in samples {
        for cut in [0, length / 2 & ~1] {
          var checksum = Fletcher32()
          bytes[..<cut].withUnsafeBytes { checksum.update($0) }
          bytes[cut...].withUnsafeBytes { checksum.update($0) }
          #expect(checksum.value == slow(bytes), "\(length) bytes of \(bytes.first ?? 0), cut at \(cut)")
        }
      }
    }
  }

  @Test func chunksWasteLittle() {
    let widths = [1, 3, 64, 192, 576, 960, 1536, 2560, 4096, 5461, 11008, 49152, 151_936, 262_143, 262_145, 700_001]
    for rows in widths + [2, 5, 7, 17, 37, 455, 456, 457, 911, 49_153] {
      for width in widths where rows * width < 1 << 33 {
        let chunk = ChunkShape(of: [rows, width], elementSize: 4).dimensions
        let grid = ChunkGrid(shape: [rows, width], chunk: chunk, elementSize: 4)
        let (stored, needed) = (grid.count * (grid.chunkSize + 4), rows * width * 4)
        #expect(Double(stored) <= Double(needed) * 1.01 + 64, "\(rows) x \(width): \(chunk)")
        #expect(grid.chunkSize <= 16 << 20, "\(rows) x \(width): \(chunk)")
      }
    }
  }
}
