import Checkpoints
import Files
import Foundation
import Numerics
import Support
import Testing

/// Writes GGUF files by hand, right and wrong ones.
private struct GGUFBytes {
  var bytes: [UInt8] = []

  init(magic: String = "GGUF", version: UInt32 = 3, tensors: UInt64 = 0, values: UInt64 = 0) {
    bytes += Array(magic.utf8)
    append(version)
    append(tensors)
    append(values)
  }

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ text: String) {
    append(UInt64(text.utf8.count))
    bytes += Array(text.utf8)
  }

  mutating func value(_ key: String, type: UInt32, _ append: (inout GGUFBytes) -> Void) {
    self.append(key)
    self.append(type)
    append(&self)
  }

  mutating func tensor(_ name: String, _ lengths: [UInt64], type: UInt32 = 0, offset: UInt64) {
    append(name)
    append(UInt32(lengths.count))
    for length in lengths { append(length) }
    append(type)
    append(offset)
  }

  mutating func pad(to alignment: Int) {
    bytes += repeatElement(0, count: (alignment - bytes.count % alignment) % alignment)
  }

  static func make(
    version: UInt32 = 3, tensors: UInt64 = 0, values: UInt64 = 0, data: Int = 0, alignment: Int = 32,
    _ fill: (inout GGUFBytes) -> Void = { _ in }
  ) -> [UInt8] {
    var file = GGUFBytes(version: version, tensors: tensors, values: values)
    fill(&file)
    if data > 0 {
      file.pad(to: alignment)
      file.bytes += repeatElement(7, count: data)
    }
    return file.bytes
  }
}

private func open(_ bytes: [UInt8]) throws -> GGUFFile {
  try withScratchFile(bytes) { try GGUFFile($0) }
}

struct GGUFTests {
  @Test func everyKindOfValue() throws {
    let file = try open(
      GGUFBytes.make(values: 16) { file in
        file.value("u8", type: 0) { $0.append(UInt8.max) }
        file.value("i8", type: 1) { $0.append(Int8.min) }
        file.value("u16", type: 2) { $0.append(UInt16.max) }
        file.value("i16", type: 3) { $0.append(Int16.min) }
        file.value("u32", type: 4) { $0.append(UInt32.max) }
        file.value("i32", type: 5) { $0.append(Int32.min) }
        file.value("f32", type: 6) { $0.append(Float(0.1).bitPattern) }
        file.value("bool", type: 7) { $0.append(UInt8(1)) }
        file.value("text", type: 8) { $0.append("Ġé") }
        file.value("u64", type: 10) { $0.append(UInt64.max) }
        file.value("i64", type: 11) { $0.append(Int64.min) }
        file.value("f64", type: 12) { $0.append(0.1.bitPattern) }
        file.value("texts", type: 9) { file in
          file.append(UInt32(8))
          file.append(UInt64(2))
          file.append("a")
          file.append("")
        }
        file.value("numbers", type: 9) { file in
          file.append(UInt32(5))
          file.append(UInt64(2))
          file.append(Int32(-1))
          file.append(Int32(5))
        }
        file.value("floats", type: 9) { file in
          file.append(UInt32(6))
          file.append(UInt64(1))
          file.append(Float(2.5).bitPattern)
        }
        file.value("flags", type: 9) { file in
          file.append(UInt32(7))
          file.append(UInt64(2))
          file.append(UInt16(1))
        }
      })
    let expected: [GGUFValue] = [
      .integer(255), .integer(-128), .integer(65_535), .integer(-32_768), .integer(4_294_967_295),
      .integer(-2_147_483_648), .float(Double(Float(0.1))), .bool(true), .string("Ġé"), .unsigned(.max), .integer(.min),
      .float(0.1), .strings(["a", ""]), .integers([-1, 5]), .floats([2.5]), .bools([true, false]),
    ]
    #expect(file.metadata.map(\.value) == expected)
    #expect(file["text"]?.string == "Ġé")
    #expect(file["missing"] == nil)
  }

  @Test(arguments: [32, 64, 8]) func tensorsAreFoundAndRead(alignment: Int) throws {
    var file = GGUFBytes(tensors: 4, values: 1)
    file.value("general.alignment", type: 4) { $0.append(UInt32(alignment)) }
    let step = UInt64(alignment)
    let first = (24 + step - 1) / step * step
    file.tensor("a", [3, 2], offset: 0)
    file.tensor("b", [2], type: 1, offset: first)
    file.tensor("none", [0, 5], offset: first + step)
    file.tensor("q", [32, 2], type: 8, offset: first + step)
    file.pad(to: alignment)
    for value in [1, 2, 3, 4, 5, 6] as [Float] { file.append(value.bitPattern) }
    file.pad(to: alignment)
    for bits in [0x3C00, 0xC000] as [UInt16] { file.append(bits) }
    file.pad(to: alignment)
    file.bytes += repeatElement(1, count: 68)
    try withScratchFolder(inMemory: true) { folder in
      try Data(file.bytes).write(to: URL(fileURLWithPath: "\(folder)/f.gguf"))
      let file = try GGUFFile("\(folder)/f.gguf")
      #expect(file.tensors.map(\.shape) == [[2, 3], [2], [5, 0], [2, 32]])
      #expect(file.tensors.map(\.type.name) == ["F32", "F16", "F32", "Q8_0"])
      var values = [Float](repeating: 0, count: 6)
      try values.withUnsafeMutableBufferPointer { try file.read(file.tensors[0], into: $0) }
      #expect(values == [1, 2, 3, 4, 5, 6])
      values = [0, 0]
      try values.withUnsafeMutableBufferPointer { try file.read(file.tensors[1], into: $0) }
      #expect(values == [1, -2])
      values = [Float](repeating: 0, count: 64)
      try values.withUnsafeMutableBufferPointer { try file.read(file.tensors[3], into: $0) }
      #expect(values.allSatisfy { $0 == Binary16(bits: 0x0101).value })
    }
  }

  private static let bad: [(String, [UInt8], String)] = [
    ("empty", [], "cut off"), ("magic", Array("GGUX".utf8) + [3, 0, 0, 0], "not a GGUF"),
    ("version 0", GGUFBytes.make(version: 0), "version"), ("version 1", GGUFBytes.make(version: 1), "version"),
    ("version 4", GGUFBytes.make(version: 4), "version"),
    ("swapped", GGUFBytes.make(version: UInt32(3).byteSwapped), "big-endian"),
    ("2^64 - 1 tensors", GGUFBytes.make(tensors: .max), "do not fit"),
    ("2^64 - 1 values", GGUFBytes.make(values: .max), "do not fit"),
    ("a billion values", GGUFBytes.make(values: 1_000_000_000), "do not fit"),
    (
      "key of 2^64 - 1",
      GGUFBytes.make(values: 1) {
        $0.append(UInt64.max)
        $0.append(0 as UInt64)
      }, "do not fit"
    ),
    ("empty key", GGUFBytes.make(values: 1) { $0.value("", type: 4) { $0.append(UInt64(1)) } }, "empty key"),
    (
      "long key",
      GGUFBytes.make(values: 1) { $0.value(String(repeating: "k", count: 65_536), type: 4) { $0.append(1 as UInt32) } },
      "too long"
    ),
    ("type 13", GGUFBytes.make(values: 1) { $0.value("k", type: 13) { $0.append(UInt64(1)) } }, "unknown type"),
    (
      "duplicate key",
      GGUFBytes.make(values: 2) { file in for _ in 0..<2 { file.value("k", type: 4) { $0.append(UInt32(1)) } } },
      "duplicate key"
    ),
    ("bool of 2", GGUFBytes.make(values: 1) { $0.value("k", type: 7) { $0.append(UInt64(2)) } }, "neither true"),
    (
      "text of a gibibyte", GGUFBytes.make(values: 1) { $0.value("k", type: 8) { $0.append(UInt64(1 << 30)) } },
      "do not fit"
    ),
    (
      "text that is not UTF-8",
      GGUFBytes.make(values: 1) {
        $0.value("k", type: 8) {
          $0.append(1 as UInt64)
          $0.append(UInt8(0xFF))
        }
      }, "not UTF-8"
    ),
    (
      "array of arrays",
      GGUFBytes.make(values: 1) {
        $0.value("k", type: 9) {
          $0.append(UInt32(9))
          $0.append(UInt64(0))
        }
      }, "array of arrays"
    ),
    (
      "array of a billion",
      GGUFBytes.make(values: 1) {
        $0.value("k", type: 9) {
          $0.append(UInt32(4))
          $0.append(UInt64(1_000_000_000))
        }
      },
      "do not fit"
    ),
    (
      "array of an unknown type",
      GGUFBytes.make(values: 1) {
        $0.value("k", type: 9) {
          $0.append(UInt32(99))
          $0.append(UInt64(1))
        }
      }, "unknown type"
    ),
    ("alignment 13", alignment(13), "alignment"), ("alignment 0", alignment(0), "alignment"),
    ("alignment 2^30", alignment(1 << 30), "alignment"),
    (
      "alignment of another type",
      GGUFBytes.make(values: 1) { $0.value("general.alignment", type: 5) { $0.append(UInt32(32)) } }, "not a uint32"
    ),
    ("long name", one(String(repeating: "n", count: 64), [4]), "too long"),
    ("five axes", one("a", [1, 1, 1, 1, 1]), "axes"),
    ("negative length", one("a", [UInt64(bitPattern: -1)]), "impossible shape"),
    ("count that overflows", one("a", [1 << 40, 1 << 40]), "impossible shape"),
    ("count that wraps to 0", one("a", [1 << 32, 1 << 32]), "impossible shape"),
    ("bytes that overflow", one("a", [1 << 62]), "impossible shape"),
    ("type 99", one("a", [4], type: 99), "unknown type"),
    ("type 4, which was removed", one("a", [32], type: 4), "unknown type"),
    ("half a block", one("a", [33], type: 8), "whole blocks"),
    ("wrong offset", one("a", [4], offset: 32), "does not begin"),
    ("too little data", one("a", [1000]), "the file ends"),
    ("data far behind the end", one("a", [1 << 40]), "the file ends"),
    (
      "duplicate name",
      GGUFBytes.make(tensors: 2, data: 64) {
        $0.tensor("a", [4], offset: 0)
        $0.tensor("a", [4], offset: 32)
      }, "duplicate tensor"
    ),
    (
      "offsets of another alignment",
      GGUFBytes.make(tensors: 2, data: 128) {
        $0.tensor("a", [4], offset: 0)
        $0.tensor("b", [4], offset: 64)
      }, "does not begin"
    ),
  ]

  private static func alignment(_ alignment: UInt32) -> [UInt8] {
    GGUFBytes.make(values: 1) { $0.value("general.alignment", type: 4) { $0.append(alignment) } }
  }

  private static func one(_ name: String, _ lengths: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) -> [UInt8] {
    GGUFBytes.make(tensors: 1, data: 64) { $0.tensor(name, lengths, type: type, offset: offset) }
  }

  @Test func badFilesAreRefused() throws {
    for (name, bytes, words) in Self.bad {
      let refusal = try #require(refusal { _ = try open(bytes) }, "\(name)")
      #expect(refusal.exitCode == 5 && refusal.what.contains(words), "\(name): \(refusal)")
    }
  }

  @Test func everyMutationThrowsOrReads() throws {
    let good = GGUFBytes.make(tensors: 2, values: 2, data: 64) { file in
      file.value("general.alignment", type: 4) { $0.append(UInt32(32)) }
      file.value("texts", type: 9) {
        $0.append(UInt32(8))
        $0.append(UInt64(1))
        $0.append("ab")
      }
      file.tensor("a", [4], offset: 0)
      file.tensor("b", [2, 2], offset: 32)
    }
    #expect(try open(good).tensors.count == 2)
    for length in 0..<good.count where length < good.count - 16 {
      #expect(refusal { _ = try open(Array(good[..<length])) }?.exitCode == 5, "\(length) bytes")
    }
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<3000 {
      var mutated = good
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let place = Int.random(in: 0..<mutated.count, using: &generator)
        mutated[place] = [0, 1, 0x7F, 0x80, 0xFF, .random(in: 0...255, using: &generator)].randomElement(
          using: &generator)!
      }
      do {
        for tensor in try open(mutated).tensors { #expect(tensor.range.upperBound <= mutated.count) }
      } catch {
        #expect(error is Failure)
      }
    }
  }

  @Test(.needsSharedData("tokenizers/llamacpp-vocabs"))
  func vocabulariesOfRealModels() throws {
    let folder = try #require(SharedData.url("tokenizers/llamacpp-vocabs")).path
    for name in try Folder.names(in: folder, area: .data) where name.hasSuffix(".gguf") {
      let file = try GGUFFile("\(folder)/\(name)")
      let tokens = try #require(file["tokenizer.ggml.tokens"]?.strings, "\(name)")
      #expect(tokens.count > 1000 && file.tensors.isEmpty, "\(name)")
      #expect(file["tokenizer.ggml.token_type"]?.integers?.count == tokens.count, "\(name)")
    }
  }
}
