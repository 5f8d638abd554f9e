import Autograd
import Checkpoints
import Files
import Foundation
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// Files from strangers: whatever is in them, reading ends in a model or in a message, and takes no more memory than the
/// file justifies.
@Suite(.serialized) struct HostileFileTests {
  private let scratch = try! ScratchFolder()

  /// Numbers that counts, lengths and offsets are replaced by.
  private static let extremes: [UInt64] = [
    0, 1, 2, 7, 255, 65_535, 1 << 24, 1 << 31, (1 << 31) - 1, (1 << 32) - 1, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1,
    1 << 63, .max, .max - 7,
  ]

  /// The bytes with something wrong in them, mostly within the first `head`.
  private static func mutated(
    _ bytes: [UInt8], head: Int, using generator: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = bytes
    for _ in 0...Int.random(in: 0..<3, using: &generator) {
      if bytes.isEmpty { return bytes }
      let range = Int.random(in: 0..<8, using: &generator) == 0 ? 0..<bytes.count : 0..<min(head, bytes.count)
      let place = Int.random(in: range, using: &generator)
      let length = min(Int.random(in: 1...16, using: &generator), bytes.count - place)
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[place] = .random(in: .min ... .max, using: &generator)
      case 2, 3:
        let number = extremes.randomElement(using: &generator)!
        let width = min([4, 8].randomElement(using: &generator)!, bytes.count - place)
        withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(place..<place + width, with: $0[..<width]) }
      case 4: bytes.removeLast(bytes.count - place)
      case 5: bytes.removeSubrange(place..<place + length)
      case 6: bytes.insert(contentsOf: bytes[place..<place + length], at: Int.random(in: range, using: &generator))
      default:
        // A number in a text becomes another one.
        let digits = bytes[place...].prefix(200).firstIndex { (0x30...0x39).contains($0) } ?? place
        let words = ["-1", "0", "1e99", "18446744073709551616", "9007199254740993", "4294967296", "null", "\"\"", "[]"]
        bytes.replaceSubrange(digits..<digits + 1, with: Array(words.randomElement(using: &generator)!.utf8))
      }
    }
    return bytes
  }

  /// Reads the model at `path` with everything that belongs to it: true when that works.
  private func reads(_ path: String, _ what: String) -> Bool {
    do {
      let stored = try StoredModel(at: path)
      _ = try stored.model()
      if let tokenizer = stored.tokenizer {
        let ids = tokenizer.encode("Hello  wörld 123 日本 <|endoftext|></s>", special: .parse)
        _ = tokenizer.decode(ids)
      }
      return true
    } catch {
      #expect([.checkpoint, .model, .tokenizer].contains(error.area), "\(what): \(error)")
      return false
    }
  }

  /// Changes one file again and again, and reads the model at `path` each time. Some changes must be found, and some can
  /// have no effect.
  private func expectSafe(_ file: String, of path: String, head: Int, rounds: Int, seed: UInt64) throws {
    let bytes = try ReadableFile.contents(of: file, area: .data)
    #expect(reads(path, "unchanged"))
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for round in 0..<rounds {
      let changed = Self.mutated(bytes, head: head, using: &generator)
      try Data(changed).write(to: URL(filePath: file))
      if !reads(path, "\(file), round \(round)") { refused += 1 }
    }
    #expect(refused > rounds / 4, "\(refused) of \(rounds)")
    try DurableFile.write(bytes, to: file)
  }

  /// The most memory this process has had, in bytes.
  private func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
  }

  @Test func mutatedFilesOfEveryFormatEndInAMessage() throws {
    let before = try peakMemory()
    let tokenizer = try Tokenizer.bytes.adding(special: ["<|im_end|>"])
    var configuration = try TinyModel.configuration("llama")
    configuration.vocabularySize = 258
    try ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: tokenizer, chatTemplate: "{{ a }}", endTokens: [257],
      step: 1
    ).write(to: scratch("model.h5"))
    let stored = try StoredModel(at: scratch("model.h5"))

    _ = try Export(to: .gguf).write(stored, to: scratch("a.gguf"))
    let header = try GGUFFile(scratch("a.gguf")).tensors[0].range.lowerBound
    try expectSafe(scratch("a.gguf"), of: scratch("a.gguf"), head: header, rounds: 3000, seed: 1)
    try expectSafe(scratch("a.gguf"), of: scratch("a.gguf"), head: 700, rounds: 2000, seed: 2)

    let folder = scratch("hf")
    _ = try Export(to: .huggingFace).write(stored, to: folder)
    try expectSafe("\(folder)/model.safetensors", of: folder, head: 3000, rounds: 3000, seed: 3)
    try expectSafe("\(folder)/config.json", of: folder, head: 2000, rounds: 1500, seed: 4)
    try expectSafe("\(folder)/tokenizer.json", of: folder, head: 8000, rounds: 1000, seed: 5)
    try expectSafe("\(folder)/generation_config.json", of: folder, head: 200, rounds: 300, seed: 6)
    try expectSafe("\(folder)/tokenizer_config.json", of: folder, head: 500, rounds: 300, seed: 7)

    let llama = try #require(configuration as? Llama.Configuration)
    try DurableFile.write(
      Llama2CModelTests.file(llama.makeModel(seed: 1), llama), to: scratch("m.bin"))
    try expectSafe(scratch("m.bin"), of: scratch("m.bin"), head: 28, rounds: 1000, seed: 8)
    #expect(try peakMemory() - before < 3 << 29)
  }

  @Test func aMutatedSentencePieceVocabularyEndsInAMessage() throws {
    var configuration = try #require(try TinyModel.configuration("llama-tied") as? Llama.Configuration)
    configuration.vocabularySize = 262
    try DurableFile.write(Llama2CModelTests.file(configuration.makeModel(seed: 1), configuration), to: scratch("m.bin"))
    try DurableFile.write(Llama2CModelTests.tokenizer, to: scratch("tokenizer.bin"))
    try expectSafe(scratch("tokenizer.bin"), of: scratch("m.bin"), head: 4000, rounds: 1000, seed: 1)
    _ = try Export(to: .gguf).write(StoredModel(at: scratch("m.bin")), to: scratch("a.gguf"))
    let header = try GGUFFile(scratch("a.gguf")).tensors[0].range.lowerBound
    try expectSafe(scratch("a.gguf"), of: scratch("a.gguf"), head: header, rounds: 1500, seed: 2)
    _ = try Export(to: .huggingFace).write(StoredModel(at: scratch("m.bin")), to: scratch("hf"))
    try expectSafe(scratch("hf/tokenizer.json"), of: scratch("hf"), head: 9000, rounds: 1000, seed: 3)
  }

  /// Headers that claim more than there is, made by hand.
  @Test func claimsAreComparedWithTheFile() throws {
    func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    func text(_ text: String) -> [UInt8] { little(UInt64(text.utf8.count)) + Array(text.utf8) }
    let magic = Array("GGUF".utf8) + little(UInt32(3))
    let array = text("tokenizer.ggml.tokens") + little(UInt32(9)) + little(UInt32(8)) + little(UInt64(1_000_000_000))
    let nested = text("k") + little(UInt32(9)) + little(UInt32(9)) + little(UInt64(1)) + little(UInt32(9))
    let tensor = text("w") + little(UInt32(2)) + little(UInt64(1 << 33)) + little(UInt64(1 << 33)) + little(UInt32(0))
    let files: [(String, [UInt8])] = [
      ("a billion strings", magic + little(UInt64(0)) + little(UInt64(1)) + array),
      ("nested arrays", magic + little(UInt64(0)) + little(UInt64(1)) + nested + little(UInt64(1 << 60))),
      ("2^60 tensors", magic + little(UInt64(1 << 60)) + little(UInt64(0))),
      ("an overflowing shape", magic + little(UInt64(1)) + little(UInt64(0)) + tensor + little(UInt64(0))),
    ]
    let before = try peakMemory()
    for (name, bytes) in files {
      try DurableFile.write(bytes, to: scratch("f.gguf"))
      #expect(refusal { _ = try StoredModel(at: scratch("f.gguf")) }?.exitCode == 5, "\(name)")
    }
    #expect(try peakMemory() - before < 3 << 29)
  }
}
