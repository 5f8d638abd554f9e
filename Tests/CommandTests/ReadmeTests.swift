import Foundation
import Support
import Testing

/// The commands of the README, run one after the other in a folder that has the recipes and the files they name.
@Suite struct ReadmeTests {
  /// What makes them short: few steps, and rows for the positions of a small model.
  private static let overrides = [
    "pretrain": ["training.max_steps=40", "schedule.warmup_steps=10", "evaluation.batches=4"],
    "resume": ["training.max_steps=45"],
    "sft": ["data.sequence_length=200"], "dpo": ["data.sequence_length=200"],
  ]

  /// The words of a line of shell without its comment, quoted ones whole.
  private static func words(of line: Substring) -> [String] {
    String(line.prefix { $0 != "#" }).components(separatedBy: "\"").enumerated().flatMap { index, part in
      index % 2 == 1 ? [part] : part.components(separatedBy: " ").filter { !$0.isEmpty }
    }
  }

  /// The reader's own files.
  private func writeInputs(to folder: ScratchFolder) throws {
    let numbers = 1...40
    try folder.write(String(repeating: "The fox went into the wood and came back.\n", count: 500), to: "mytext.txt")
    try folder.write(
      numbers.map { #"{"instruction": "What comes after \#($0)?", "output": "It is \#($0 + 1)."}"# }
        .joined(separator: "\n"), to: "rows.jsonl")
    try folder.write(
      numbers.map { #"{"prompt": "What comes after \#($0)?", "chosen": "\#($0 + 1), of course.", "rejected": "No."}"# }
        .joined(separator: "\n"), to: "pairs.jsonl")
    try folder.write(
      numbers.map { #"{"prompt": "What comes after \#($0)?", "choices": ["\#($0 + 1)", "A fox"], "answer": 0}"# }
        .joined(separator: "\n"), to: "questions.jsonl")
  }

  private func train(_ words: [String], in folder: ScratchFolder) throws {
    let outcome = try Binary.run(words, in: folder)
    try #require(outcome.code == 0, "\(words.joined(separator: " ")):\n\(outcome.log)")
  }

  @Test func itsCommandsWork() throws {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(at: Page.root.appending(path: "recipes"), to: folder.url("recipes"))
    try writeInputs(to: folder)
    let commands = try Page("README.md").code("").flatMap { $0.split(separator: "\n") }.map(Self.words)
      .filter { $0.first == "./train" }.map { Array($0.dropFirst()) }
    #expect(commands.count > 20)
    for words in commands {
      // In the place of the model that the page imports, a small one.
      if words[0] == "import" { try train(["export", "checkpoints/tiny", words[1], "--to", "gguf"], in: folder) }
      try train(words + Self.overrides[words[0], default: []], in: folder)
    }
  }
}
