import Checkpoints
import Files
import Foundation
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// HDF5's checksum of its own structures: Bob Jenkins's lookup3.
private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  func rotated(_ x: UInt32, _ bits: UInt32) -> UInt32 { x << bits | x >> (32 - bits) }
  let start = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count)
  var (a, b, c) = (start, start, start)
  func word(_ place: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | (place + $1 < bytes.endIndex ? UInt32(bytes[place + $1]) << UInt32(8 * $1) : 0) }
  }
  var place = bytes.startIndex
  while bytes.endIndex - place > 12 {
    (a, b, c) = (a &+ word(place), b &+ word(place + 4), c &+ word(place + 8))
    a = (a &- c) ^ rotated(c, 4)
    c = c &+ b
    b = (b &- a) ^ rotated(a, 6)
    a = a &+ c
    c = (c &- b) ^ rotated(b, 8)
    b = b &+ a
    a = (a &- c) ^ rotated(c, 16)
    c = c &+ b
    b = (b &- a) ^ rotated(a, 19)
    a = a &+ c
    c = (c &- b) ^ rotated(b, 4)
    b = b &+ a
    place += 12
  }
  (a, b, c) = (a &+ word(place), b &+ word(place + 4), c &+ word(place + 8))
  c = (c ^ b) &- rotated(b, 14)
  a = (a ^ c) &- rotated(c, 11)
  b = (b ^ a) &- rotated(a, 25)
  c = (c ^ b) &- rotated(b, 16)
  a = (a ^ c) &- rotated(c, 4)
  b = (b ^ a) &- rotated(a, 14)
  c = (c ^ b) &- rotated(b, 24)
  return c
}

/// A structure of an HDF5 file that ends in a checksum: the range that it covers.
private func structures(of bytes: [UInt8]) -> [Range<Int>] {
  // By their signatures: the headers of a B-tree, a fractal heap and a fixed array, and how long they are.
  let lengths = ["BTHD": 34, "FRHP": 142, "FAHD": 24]
  var found = [0..<44]
  for place in 0..<bytes.count - 16 {
    let signature = String(decoding: bytes[place..<place + 4], as: UTF8.self)
    if let length = lengths[signature] { found.append(place..<place + length) }
    guard signature == "OHDR", bytes[place + 4] == 2 else { continue }
    let flags = bytes[place + 5]
    let start = place + 6 + (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
    let width = 1 << Int(flags & 3)
    let size = (0..<min(width, 4)).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
    found.append(place..<start + width + size)
  }
  return found.filter { $0.upperBound + 4 <= bytes.count }
}

private func recorded(_ bytes: [UInt8], _ place: Int) -> UInt32 {
  (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
}

/// Checkpoints made to crash libhdf5: what is wrong in them has the right checksum.
@Suite struct HostileCheckpointTests {
  private static let configuration = """
    { "model_type": "llama", "vocab_size": 257, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
      "num_attention_heads": 2, "max_position_embeddings": 16, "tie_word_embeddings": true }
    """

  @Test func aProcessOfItsOwnReadsThemFirst() throws {
    let folder = try ScratchFolder()
    let path = folder("model.h5")
    let configuration = try ModelDescription(configuration: Self.configuration, source: "test")
      .configuration(vocabularySize: 257)
    try ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: nil, chatTemplate: "", step: 1
    ).write(to: path)
    let bytes = try ReadableFile.contents(of: path, area: .data)
    let places = structures(of: bytes)
    #expect(places.count > 12)
    for place in places { #expect(recorded(bytes, place.upperBound) == checksum(bytes[place])) }

    var generator = SeededGenerator(seed: 17)
    var (refused, crashed) = (0, 0)
    for round in 0..<400 {
      var changed = bytes
      let place = places.randomElement(using: &generator)!
      for _ in 0...Int.random(in: 0..<2, using: &generator) {
        let extremes: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF, .random(in: .min ... .max, using: &generator)]
        let index = Int.random(in: place.dropFirst(4), using: &generator)
        changed[index] = extremes.randomElement(using: &generator)!
      }
      let sum = checksum(changed[place])
      withUnsafeBytes(of: sum.littleEndian) {
        changed.replaceSubrange(place.upperBound..<place.upperBound + 4, with: $0)
      }
      try Data(changed).write(to: URL(filePath: path))
      do {
        let file = try CheckpointLocation(path).open(probe: Binary.url.path)
        for array in file.arrays { _ = try file.read(array, as: Float.self) }
      } catch {
        #expect(error.exitCode == 5, "round \(round): \(error)")
        refused += 1
        if error.what.contains("safely") { crashed += 1 }
      }
    }
    #expect(refused > 200, "\(refused) refused, \(crashed) of them ended the reading process")
  }
}
