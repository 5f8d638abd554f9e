import Checkpoints
import Files
import Foundation
import Numerics
import Support
import Testing

private func bytes(_ header: String, length: UInt64? = nil, data: [UInt8] = []) -> [UInt8] {
  let length = length ?? UInt64(header.utf8.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + data
}

private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

private func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
  try withScratchFile(bytes) { try SafetensorsFile($0) }
}

private func tensor(_ shape: String, _ offsets: String, type: String = "I32", name: String = "test") -> String {
  #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
}

struct SafetensorsTests {
  @Test func unusualButValidFilesAreRead() throws {
    #expect(try open(bytes("{}\r \t\n")).entries == [])
    #expect(try open(bytes("\t\n{}\r ")).entries == [])
    let square = try open(bytes("{\(tensor("[2,2]", "[0,16]"))}", data: zeros(16)))
    #expect(square.entries.map(\.shape) == [[2, 2]])
    #expect(try open(bytes("{\(tensor("[]", "[0,4]"))}", data: zeros(4))).entries[0].count == 1)
    #expect(try open(bytes("{\(tensor("[2,0]", "[0,0]"))}")).entries[0].count == 0)
    let file = try open(bytes(#"{"__metadata__":{"format":"pt"},\#(tensor("[1]", "[0,4]"))}"#, data: zeros(4)))
    #expect(file.metadata == ["format": "pt"])
    let swapped = "{\(tensor("[1]", "[4,8]", name: "b")),\(tensor("[1]", "[0,4]", name: "a"))}"
    #expect(try open(bytes(swapped, data: zeros(8))).entries.map(\.name) == ["a", "b"])
  }

  private static let bad: [(String, [UInt8], String)] = [
    ("empty", [], "too short"), ("seven bytes", zeros(7), "too short"), ("no header", zeros(8), "empty"),
    ("length too large", [0x3C, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF] + zeros(60), "too large"),
    ("length 2^64 - 1", bytes("{}", length: .max), "too large"),
    ("length 2^63", bytes("{}", length: 1 << 63), "too large"),
    ("length over the limit", bytes("{}", length: 100_000_001), "too large"),
    ("only a length", [0x3C, 0, 0, 0, 0, 0, 0, 0], "cut off"),
    ("not UTF-8", [1, 0, 0, 0, 0, 0, 0, 0, 0xFF], "not UTF-8"),
    ("not JSON", [1, 0, 0, 0, 0, 0, 0, 0, 0x7B], "key in quotes"), ("a list", bytes("[]"), "not an object"),
    ("garbage after the header", bytes("{}x"), "after the end"), ("entry is no object", bytes(#"{"a":1}"#), "dtype"),
    ("duplicate name", bytes("{\(tensor("[1]", "[0,4]")),\(tensor("[1]", "[4,8]"))}", data: zeros(8)), "duplicate"),
    ("unknown dtype", bytes("{\(tensor("[1]", "[0,4]", type: "F31"))}", data: zeros(4)), "unknown dtype"),
    ("metadata number", bytes(#"{"__metadata__":{"a":1}}"#), "not a string"),
    ("metadata list", bytes(#"{"__metadata__":[]}"#), "not an object"),
    (
      "bytes behind",
      bytes("{\(tensor("[2,2]", "[0,16]"))}", data: zeros(16) + Array("extra_bogus_data_for_polyglot_file".utf8)),
      "no tensor"
    ),
    ("too few bytes", bytes("{\(tensor("[2,2]", "[0,16]"))}", data: zeros(14)), "outside the file"),
    ("shape too large", bytes("{\(tensor("[2,2]", "[0,4]"))}", data: zeros(4)), "does not fit"),
    ("shape too small", bytes("{\(tensor("[1]", "[0,8]"))}", data: zeros(8)), "does not fit"),
    (
      "length 2^64 - 2", bytes("{\(tensor("[2,18446744073709551614]", "[0,16]"))}", data: zeros(16)),
      "impossible shape"
    ),
    (
      "length 2^63 - 1", bytes("{\(tensor("[2,9223372036854775807]", "[0,16]"))}", data: zeros(16)),
      "impossible shape"
    ),
    ("product wraps to 0", bytes("{\(tensor("[4294967296,4294967296]", "[0,0]"))}"), "impossible shape"),
    ("negative length", bytes("{\(tensor("[-1]", "[0,4]"))}", data: zeros(4)), "impossible shape"),
    ("fractional length", bytes("{\(tensor("[1.0]", "[0,4]"))}", data: zeros(4)), "impossible shape"),
    ("negative offset", bytes("{\(tensor("[1]", "[-4,0]"))}", data: zeros(4)), "outside"),
    ("reversed offsets", bytes("{\(tensor("[1]", "[4,0]"))}", data: zeros(4)), "outside"),
    ("three offsets", bytes("{\(tensor("[1]", "[0,4,8]"))}", data: zeros(8)), "outside"),
    ("no offsets", bytes(#"{"a":{"dtype":"F32","shape":[1]}}"#, data: zeros(4)), "outside"),
    (
      "hole", bytes("{\(tensor("[1]", "[0,4]")),\(tensor("[1]", "[8,12]", name: "b"))}", data: zeros(12)),
      "does not begin"
    ),
    (
      "overlap", bytes("{\(tensor("[1]", "[0,4]")),\(tensor("[1]", "[2,6]", name: "b"))}", data: zeros(6)),
      "does not begin"
    ),
    ("first not at 0", bytes("{\(tensor("[1]", "[4,8]"))}", data: zeros(8)), "does not begin"),
    (
      "many on the same bytes",
      bytes(
        "{\((0..<10_000).map { tensor("[1]", "[0,4]", name: "t\($0)") }.joined(separator: ","))}", data: zeros(4)),
      "does not begin"
    ),
    ("deep", bytes(String(repeating: "[", count: 100_000)), "nested"),
  ]

  @Test func badFilesAreRefused() throws {
    for (name, bytes, words) in Self.bad {
      let refusal = try #require(refusal { _ = try open(bytes) }, "\(name)")
      #expect(refusal.exitCode == 5 && refusal.description.contains(words), "\(name): \(refusal)")
    }
  }

  @Test func whatIsWrittenComesBack() throws {
    try withScratchFolder(inMemory: true) { folder in
      let path = "\(folder)/model.safetensors"
      let shapes = [("b.weight", [300, 1000]), ("a.weight", [7]), ("c", [1, 2, 3])]
      let arrays = shapes.map { NamedArray($0.0, shape: $0.1, values: noise($0.1.reduce(1, *))) }
      try SafetensorsFile.write(arrays, to: path)
      let file = try SafetensorsFile(path)
      #expect(file.entries.map(\.name) == ["a.weight", "b.weight", "c"])
      #expect(file.entries[0].range.lowerBound % 8 == 0)
      #expect(file.metadata == ["format": "pt"])
      for entry in file.entries {
        #expect(try file.read(entry).map(\.bitPattern) == noise(entry.count).map(\.bitPattern))
      }
      for (type, round) in [
        (SafetensorsType.float16, { Binary16(bits: Binary16(nearest: $0).bits).value }),
        (.bfloat16, { BFloat16(bits: BFloat16(nearest: $0).bits).value }),
      ] as [(SafetensorsType, (Float) -> Float)] {
        try SafetensorsFile.write(arrays, as: type, to: path)
        let file = try SafetensorsFile(path)
        #expect(file.entries.allSatisfy { $0.type == type })
        for entry in file.entries {
          #expect(try file.read(entry).map(\.bitPattern) == noise(entry.count).map { round($0).bitPattern })
        }
      }
    }
  }

  @Test func integersAreNotReadAsFloats() throws {
    let file = try open(bytes("{\(tensor("[1]", "[0,4]"))}", data: zeros(4)))
    #expect(refusal { _ = try file.read(file.entries[0]) }?.notes.first?.contains("I32") == true)
  }

  @Test func everyMutationThrowsOrReads() throws {
    let good = bytes(
      #"{"__metadata__":{"a":"b"},\#(tensor("[2,1]", "[0,8]", type: "F32")),\#(tensor("[4]", "[8,16]", type: "BF16", name: "b"))}"#,
      data: zeros(16))
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<3000 {
      var mutated = good
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: mutated[place] = .random(in: 0...255, using: &generator)
        case 1: mutated.remove(at: place)
        default: mutated.insert(UInt8.random(in: 0x20...0x7E, using: &generator), at: place)
        }
      }
      do {
        let file = try open(mutated)
        for entry in file.entries where entry.type.rawValue.contains("F") { _ = try? file.read(entry) }
      } catch {
        #expect(error is Failure)
      }
    }
  }
}
