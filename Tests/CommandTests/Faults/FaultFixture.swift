import Foundation
import Support
import Testing

/// The commands that faults are tried on.
enum FaultFixture {
  private static func folder() throws -> ScratchFolder {
    let folder = try ScratchFolder(inMemory: true)
    try folder.write(TinyRun.text, to: "text.txt")
    try folder.write(recipe, to: "tiny.json")
    return folder
  }

  private static let recipe = """
    {
      "task": "pretrain", "run": "runs/tiny", "seed": 7, "threads": 1,
      "model": { "architecture": "llama", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2,
                 "num_attention_heads": 2, "max_position_embeddings": 32 },
      "tokenizer": { "from": "bytes" },
      "data": { "train": "text.txt", "validation_fraction": 0.2, "sequence_length": 32 },
      "optimizer": { "learning_rate": 1e-2 }, "schedule": { "name": "constant" },
      "training": { "batch_size": 4, "max_steps": 4 },
      "evaluation": { "every": 2, "batches": 1, "prompts": ["the "], "max_tokens": 4 },
      "checkpoint": { "every": 2, "keep_last": 1 },
      "logging": { "every": 5, "tensorboard": false, "report": false }
    }
    """

  /// A run of two checkpoints in the place of another one, which is deleted.
  static func pretraining() throws -> FaultScenario {
    let folder = try folder()
    try train(folder, "pretrain", "tiny.json", "seed=8", "training.max_steps=3")
    return try FaultScenario(
      "pretrain", folder, ["pretrain", "tiny.json", "--overwrite"], results: ["runs/tiny"], run: "runs/tiny")
  }

  /// A run that goes on from its first checkpoint.
  static func resuming() throws -> FaultScenario {
    let folder = try folder()
    try train(folder, "pretrain", "tiny.json", "training.max_steps=2")
    return try FaultScenario(
      "resume", folder, ["resume", "runs/tiny", "training.max_steps=4"], results: ["runs/tiny"], run: "runs/tiny")
  }

  /// Preference tuning, whose reference scores are computed and kept.
  static func preferences() throws -> FaultScenario {
    let folder = try folder()
    try folder.write(pairs, to: "pairs.jsonl")
    return try FaultScenario(
      "dpo", folder, ["dpo", "tiny.json"] + preferenceOverrides, results: ["runs/tiny"], run: "runs/tiny")
  }

  /// Tuning on packed conversations and on judged answers.
  static func tuning() throws -> [FaultScenario] {
    try [("sft", #"{"prompt":"say 1","completion":"#), ("kto", #"{"label":true,"prompt":"say 1","completion":"#)].map {
      task, head in
      let folder = try folder()
      let rows = (0..<8).map { number in
        let row = head.replacing("1", with: "\(number)").replacing("true", with: "\(number % 3 > 0)")
        return "\(row)\"\(number * 7 % 10)\(number)\"}\n"
      }
      try folder.write(rows.joined(), to: "pairs.jsonl")
      let command = task == "sft" ? "sft" : "dpo"
      let overrides = preferenceOverrides + ["task=\(command)", #"objective={"name":"\#(task)"}"#]
      return try FaultScenario(
        task, folder, [command, "tiny.json"] + overrides, results: ["runs/tiny"], run: "runs/tiny")
    }
  }

  private static let pairs = (0..<8).map {
    #"{"prompt":"say \#($0)","chosen":"\#($0 * 7 % 10)\#($0)","rejected":"no"}"# + "\n"
  }.joined()

  /// What makes the recipe one of preference tuning.
  static let preferenceOverrides = [
    "task=dpo", "data.train=pairs.jsonl", "~data.validation_fraction", "data.template=plain",
    "objective={\"name\":\"dpo\"}", "~evaluation.prompts",
  ]

  static func preparing() throws -> FaultScenario {
    let folder = try folder()
    return try FaultScenario(
      "prepare", folder, ["prepare", "tiny.json", "tokenizer={\"train\":{\"vocab_size\":270}}"], results: ["data"])
  }

  /// A run, its model in every format, and data of every kind.
  static func models() throws -> ScratchFolder {
    let folder = try folder()
    try train(folder, "pretrain", "tiny.json")
    try train(folder, "export", "runs/tiny", "hf", "--to", "hf")
    try train(folder, "export", "runs/tiny", "gguf", "--to", "gguf")
    try FileManager.default.copyItem(atPath: folder("runs/tiny/step-000004/model.h5"), toPath: folder("model.h5"))
    try folder.write(pairs, to: "pairs.jsonl")
    let words = [20_240_520, 1, 2000] + [Int32](repeating: 0, count: 253)
    let tokens = (0..<2000).map { UInt16($0 * 31 % 250) }
    try folder.write(
      words.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }
        + tokens.flatMap { withUnsafeBytes(of: $0.littleEndian, Array.init) }, to: "shard.bin")
    return folder
  }

  /// The commands that read and write models.
  static func interchange() throws -> [FaultScenario] {
    let folder = try models()
    return [
      try FaultScenario("import", folder, ["import", "hf", "new"], results: ["new"]),
      try FaultScenario("export hf", folder, ["export", "runs/tiny", "new", "--to", "hf"], results: ["new"]),
      try FaultScenario("export gguf", folder, ["export", "runs/tiny", "new", "--to", "gguf"], results: ["new"]),
      try FaultScenario(
        "export safetensors", folder, ["export", "runs/tiny", "new", "--to", "safetensors"], results: ["new"]),
      try FaultScenario(
        "generate", folder, ["generate", "runs/tiny", "--prompt", "the ", "--greedy", "--max-tokens", "4"], results: []),
      try FaultScenario(
        "generate gguf", folder, ["generate", "gguf", "--prompt", "the ", "--greedy", "--max-tokens", "4"], results: []),
      try FaultScenario("eval", folder, ["eval", "runs/tiny", "--data", "text.txt"], results: []),
    ]
  }

  @discardableResult
  static func train(_ folder: ScratchFolder, _ arguments: String...) throws -> String {
    let outcome = try Binary.run(arguments, in: folder)
    #expect(outcome.code == 0, "\(arguments): \(outcome.log)")
    return outcome.log
  }
}
