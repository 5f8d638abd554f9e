import Foundation
import Support
import Testing

/// Files that were damaged or made up: whatever is in them, a command ends by itself, in bounded time, with a code of the
/// contract.
@Suite(.serialized) struct HostileFileTests {
  /// A file that is changed, and a command that reads it.
  private struct Case: Sendable {
    var file: String
    var command: [String]
  }

  private struct Trial: Sendable {
    var target: Case
    var seed: UInt64
  }

  private static let generate = ["--prompt", "the ", "--greedy", "--max-tokens", "2"]

  @Test func mutatedFiles() throws {
    let folder = try FaultFixture.models()
    let cases = [
      Case(file: "hf/model.safetensors", command: ["generate", "hf"] + Self.generate),
      Case(file: "hf/config.json", command: ["generate", "hf"] + Self.generate),
      Case(file: "hf/tokenizer.json", command: ["generate", "hf"] + Self.generate),
      Case(file: "hf/tokenizer_config.json", command: ["generate", "hf"] + Self.generate),
      Case(file: "gguf", command: ["generate", "gguf"] + Self.generate),
      Case(file: "model.h5", command: ["generate", "model.h5"] + Self.generate),
      Case(file: "runs/tiny/step-000004/manifest.json", command: ["resume", "runs/tiny", "training.max_steps=5"]),
      Case(file: "runs/tiny/step-000004/training.h5", command: ["resume", "runs/tiny", "training.max_steps=5"]),
      Case(file: "runs/tiny/metrics.jsonl", command: ["report", "runs/tiny"]),
      Case(file: "runs/tiny/metrics.jsonl", command: ["resume", "runs/tiny", "training.max_steps=5"]),
      Case(file: "runs/tiny/resolved.json", command: ["resume", "runs/tiny", "training.max_steps=5"]),
      Case(file: "tiny.json", command: ["validate", "tiny.json"]),
      Case(
        file: "shard.bin",
        command: ["pretrain", "tiny.json", "run=new", "data.train=shard.bin", "training.max_steps=1"]),
      Case(file: "pairs.jsonl", command: ["inspect", "tiny.json", "--json"] + FaultFixture.preferenceOverrides),
    ]
    let rounds = FaultShim.isLong ? 300 : 6
    let trials = (0..<rounds).flatMap { round in
      cases.map { Trial(target: $0, seed: UInt64(round)) }
    }
    FaultShim.forEach(trials) { trial in
      let copy = try ScratchFolder(inMemory: true)
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        try FileManager.default.copyItem(atPath: folder(name), toPath: copy(name))
      }
      var generator = SeededGenerator(
        seed: trial.seed &* 7919 &+ UInt64(trial.target.file.utf8.reduce(0) { $0 + Int($1) }))
      var bytes = Array(try Data(contentsOf: copy.url(trial.target.file)))
      Self.mutate(&bytes, &generator)
      try copy.write(bytes, to: trial.target.file)
      let start = ContinuousClock.now
      let outcome = try Binary.run(trial.target.command, in: copy)
      let what: Comment = "\(trial): \(outcome.code) \(outcome.log.prefix(2000))"
      #expect((0...8).contains(outcome.code) && outcome.code != 1, what)
      #expect(ContinuousClock.now - start < .seconds(60), what)
      if outcome.code != 0 { #expect(outcome.log.contains("error["), what) }
    }
  }

  /// Changes a few bytes, numbers or parts.
  private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    // Headers are where formats keep their counts.
    func place(_ generator: inout SeededGenerator) -> Int {
      let end = Bool.random(using: &generator) ? min(bytes.count, 400) : bytes.count
      return Int.random(in: 0..<max(1, end), using: &generator)
    }
    for _ in 0...Int.random(in: 0..<3, using: &generator) where !bytes.isEmpty {
      let index = place(&generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[index] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF].randomElement(using: &generator)!
      case 2: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
      case 3: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...40, using: &generator)))
      case 4: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 60)], at: place(&generator))
      case 5:
        // A number of a text becomes another one.
        let numbers = ["9223372036854775807", "-1", "1e300", "0", "18446744073709551616", "1e-320", "null", "\"x\""]
        guard let start = bytes[index...].firstIndex(where: { (0x30...0x39).contains($0) }) else { continue }
        let end = bytes[start...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Array(numbers.randomElement(using: &generator)!.utf8))
      default:
        let width = [4, 8].randomElement(using: &generator)!
        let values: [UInt64] = [0, .max, 1 << 31, 1 << 32, 1 << 62, 1 << 63, 0x7FFF_FFFF]
        let value = values.randomElement(using: &generator)!
        for byte in 0..<width where index + byte < bytes.count {
          bytes[index + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))
        }
      }
    }
  }
}
