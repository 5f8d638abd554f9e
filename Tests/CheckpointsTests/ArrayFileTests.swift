import Checkpoints
import Files
import Foundation
import Support
import Testing

/// What `open` makes of a file of `bytes`.
func withScratchFile<T>(_ bytes: [UInt8], _ open: (String) throws -> T) throws -> T {
  let folder = try ScratchFolder(inMemory: true)
  return try open(folder.write(bytes, to: "file"))
}

/// Numbers that look random and include odd bit patterns.
func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
  var state = seed
  var values = (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(bitPattern: UInt32(state >> 33) & 0x3FFF_FFFF)
  }
  let odd: [Float] = [-0.0, .infinity, -.infinity, .leastNonzeroMagnitude, Float(bitPattern: 0x7FC0_1234)]
  for (index, value) in odd.enumerated() where index < count { values[index] = value }
  return values
}

func sampleContents(step: Int = 3) -> ArrayFileContents {
  ArrayFileContents(
    attributes: [
      "format": .string("train-model"), "step": .integer(step), "rate": .double(0.1), "config": .string("{\"é\": 1}"),
      "empty": .string(""),
    ],
    groups: [
      ArrayGroup(
        "model",
        [
          NamedArray("model.embed_tokens.weight", shape: [301, 700], values: noise(301 * 700)),
          NamedArray("model.norm.weight", shape: [7], values: noise(7, seed: 2)),
          NamedArray("bytes", shape: [2, 3, 1], values: [UInt8](1...6)),
        ]),
      ArrayGroup(
        "state", [NamedArray("d", shape: [2], values: [1.5, -0.0]), NamedArray("i", shape: [1], values: [Int64.min])]),
    ])
}

struct ArrayFileTests {
  @Test func everythingComesBackBitForBit() throws {
    try withScratchFolder(inMemory: true) { folder in
      let path = "\(folder)/model.h5"
      try sampleContents().write(to: path)
      let file = try ArrayFile(path)
      #expect(file.arrays(in: "model").map(\.name) == ["bytes", "model.embed_tokens.weight", "model.norm.weight"])
      let embedding = try #require(file.array("model.embed_tokens.weight", in: "model"))
      #expect(embedding.shape == [301, 700])
      #expect(try file.read(embedding, as: Float.self).map(\.bitPattern) == noise(301 * 700).map(\.bitPattern))
      let norm = try #require(file.array("model.norm.weight", in: "model"))
      #expect(try file.read(norm, as: Float.self).map(\.bitPattern) == noise(7, seed: 2).map(\.bitPattern))
      #expect(try file.read(try #require(file.array("bytes", in: "model")), as: UInt8.self) == [1, 2, 3, 4, 5, 6])
      #expect(
        try file.read(try #require(file.array("d", in: "state")), as: Double.self).map(\.sign) == [.plus, .minus])
      #expect(try file.read(try #require(file.array("i", in: "state")), as: Int64.self) == [.min])
      #expect(file.attributes["step"]?.integer == 3)
      #expect(file.attributes["rate"]?.double == 0.1)
      #expect(file.attributes["config"]?.string == "{\"é\": 1}")
      #expect(file.attributes["empty"]?.string == "")
      #expect(file.array("missing", in: "model") == nil)
    }
  }

  @Test func equalContentsMakeEqualFiles() throws {
    try withScratchFolder(inMemory: true) { folder in
      try sampleContents().write(to: "\(folder)/a.h5")
      Thread.sleep(forTimeInterval: 1.1)
      try sampleContents().write(to: "\(folder)/b.h5")
      #expect(
        try Digest.sha256(ofFile: "\(folder)/a.h5", area: .data)
          == Digest.sha256(ofFile: "\(folder)/b.h5", area: .data))
    }
  }

  @Test func attributesOfManyMegabytes() throws {
    try withScratchFolder(inMemory: true) { folder in
      let text = String(repeating: "{\"token\": \"Ġé\"}\n", count: 300_000)
      #expect(text.utf8.count > 5_000_000)
      var contents = sampleContents()
      contents.attributes["tokenizer"] = .string(text)
      try contents.write(to: "\(folder)/model.h5")
      #expect(try ArrayFile("\(folder)/model.h5").attributes["tokenizer"] == .string(text))
    }
  }

  @Test func chunksAreAboutAMebibyteOfWholeRows() throws {
    try withScratchFolder(inMemory: true) { folder in
      for shape in [[1], [262_144], [300_000], [3, 400_000], [2, 1, 300_001], [5000, 64], [1, 3, 5, 7]] {
        let count = shape.reduce(1, *)
        let array = NamedArray("a", shape: shape, values: noise(count))
        try ArrayFileContents(attributes: [:], groups: [ArrayGroup("g", [array])]).write(to: "\(folder)/f.h5")
        let file = try ArrayFile("\(folder)/f.h5")
        #expect(file.arrays.map(\.shape) == [shape])
        #expect(try file.read(file.arrays[0], as: Float.self).map(\.bitPattern) == noise(count).map(\.bitPattern))
      }
    }
  }

  @Test func readersAndWritersOnManyThreads() throws {
    try withScratchFolder(inMemory: true) { folder in
      DispatchQueue.concurrentPerform(iterations: 8) { index in
        let path = "\(folder)/\(index).h5"
        #expect(refusal { try sampleContents(step: index).write(to: path) } == nil)
        #expect((try? ArrayFile(path))?.attributes["step"]?.integer == index)
      }
    }
  }
}
