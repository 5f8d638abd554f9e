import Checkpoints
import Files
import Foundation
import Numerics
import Support
import Testing

/// Quantised weights against what ggml's own Python package makes of the same bytes (`Tests/recording/blocks.py`).
@Suite struct GGMLBlockTests {
  private static let recorded: JSONValue = try! {
    let path = fixtureFolder.appendingPathComponent("interchange/ggml-blocks.json").path
    return try JSONValue.parse(ReadableFile.contents(of: path, area: .data), source: path, area: .data)
  }()

  private func numbers(_ key: String, _ part: String) -> [Double] {
    Self.recorded[key]?[part]?.array?.compactMap(\.double) ?? []
  }

  /// A GGUF file with one tensor of a type, whose bytes are given.
  private func file(type: UInt32, count: Int, _ data: [UInt8]) -> [UInt8] {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    var bytes = Array("GGUF".utf8) + little(UInt32(3)) + little(UInt64(1)) + little(UInt64(0))
    bytes += little(UInt64(1)) + Array("w".utf8) + little(UInt32(1)) + little(UInt64(count)) + little(type)
    bytes += little(UInt64(0))
    bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32)
    return bytes + data
  }

  @Test(
    arguments: [
      ("Q4_0", 2), ("Q4_1", 3), ("Q5_0", 6), ("Q5_1", 7), ("Q8_0", 8), ("Q4_K", 12), ("Q5_K", 13), ("Q6_K", 14),
    ] as [(String, UInt32)]) func blocksAreDecodedToTheBit(_ name: String, _ number: UInt32) throws
  {
    let (bytes, weights) = (numbers(name, "bytes").map { UInt8($0) }, numbers(name, "weights").map { Float($0) })
    #expect(weights.count >= 64)
    try withScratchFile(file(type: number, count: weights.count, bytes)) { path in
      let file = try GGUFFile(path)
      #expect(file.tensors[0].type.name == name && file.tensors[0].type.isFloat)
      #expect(try file.read(file.tensors[0]) == weights)
    }
  }

  @Test func typesThatAreNotReadAreNamed() throws {
    try withScratchFile(file(type: 10, count: 256, [UInt8](repeating: 0, count: 84))) { path in
      let file = try GGUFFile(path)
      #expect(!file.tensors[0].type.isFloat)
      #expect(refusal { _ = try file.read(file.tensors[0]) }?.notes.first?.hasSuffix("found Q2_K") == true)
    }
  }

  @Test func q8IsWrittenAsGGMLDoes() throws {
    let (bytes, weights) = (numbers("quantized", "bytes").map { UInt8($0) }, numbers("quantized", "weights"))
    try withScratchFolder(inMemory: true) { folder in
      let array = NamedArray("w", shape: [2, 32], values: weights.map { Float($0) })
      try GGUFFile.write(metadata: [], [(array, .q80)], to: "\(folder)/f.gguf")
      let file = try GGUFFile("\(folder)/f.gguf")
      let range = file.tensors[0].range
      let all = try ReadableFile.contents(of: file.path, area: .data)
      #expect(Array(all[range]) == bytes)
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    let values = noise(192).map { $0.isFinite && abs($0) < 60000 ? $0 : 1 }
    let metadata: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string("llama")), ("a.integer", .integer(7)), ("a.float", .float(0.5)),
      ("a.flag", .bool(true)), ("integers", .integers([1, -2])), ("floats", .floats([0.25])),
      ("strings", .strings(["é", ""])), ("none", .strings([])), ("flags", .bools([true, false])),
    ]
    try withScratchFolder(inMemory: true) { folder in
      let arrays = [
        (NamedArray("odd", shape: [3], values: Array(values[..<3])), GGUFEncoding.float32),
        (NamedArray("half", shape: [3, 64], values: values), .float16),
        (NamedArray("brain", shape: [192], values: values), .bfloat16),
        (NamedArray("last", shape: [5], values: Array(values[3..<8])), .float32),
      ]
      try GGUFFile.write(metadata: metadata, arrays, to: "\(folder)/f.gguf")
      let file = try GGUFFile("\(folder)/f.gguf")
      #expect(file.version == 3)
      #expect(file.metadata.map(\.key) == metadata.map(\.key) && file.metadata.map(\.value) == metadata.map(\.value))
      #expect(file.tensors.map(\.shape) == [[3], [3, 64], [192], [5]])
      #expect(file.tensors.allSatisfy { $0.range.lowerBound % 32 == 0 })
      #expect(try file.read(file.tensors[0]) == Array(values[..<3]))
      #expect(try file.read(file.tensors[3]) == Array(values[3..<8]))
      let half = values.map { Binary16(bits: Binary16(nearest: $0).bits).value }
      #expect(try file.read(file.tensors[1]) == half)
      #expect(
        try file.read(file.tensors[2]) == values.map { BFloat16(bits: BFloat16(nearest: $0).bits).value })
    }
  }
}
