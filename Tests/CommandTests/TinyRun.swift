import Checkpoints
import Files
import Foundation
import Support
import Testing

/// A folder with a text, the recipe of a tiny model, and the runs made from them; removed with the value.
final class TinyRun {
  let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    try write(Self.text, to: "text.txt")
    try write(Self.recipe, to: "tiny.json")
  }

  /// Short documents of different lengths: 26 windows to train on.
  static let text = (1...12).map { index in
    "\(index): " + String(repeating: "the \(index * 7 % 10) foxes jump over dog \(index). ", count: 1 + index % 5)
  }.joined(separator: "<|endoftext|>")

  static let recipe = """
    {
      "task": "pretrain", "run": "runs/tiny", "seed": 7,
      "model": { "architecture": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
                 "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 32 },
      "tokenizer": { "from": "bytes" },
      "data": { "train": "text.txt", "validation_fraction": 0.2, "sequence_length": 32 },
      "objective": { "name": "next_token" },
      "optimizer": { "name": "adamw", "learning_rate": 1e-2, "betas": [0.9, 0.95], "weight_decay": 0.1 },
      "schedule": { "name": "cosine", "warmup_steps": 1, "min_learning_rate": 1e-3 },
      "training": { "batch_size": 4, "micro_batch_size": 2, "max_steps": 12 },
      "evaluation": { "every": 5, "batches": 2, "prompts": ["the "], "max_tokens": 8 },
      "checkpoint": { "every": 1, "keep_last": 20 },
      "logging": { "every": 5, "tensorboard": false, "report": false }
    }
    """

  // MARK: Files

  func path(_ name: String) -> String { folder(name) }

  func write(_ text: String, to name: String) throws { try folder.write(text, to: name) }

  func write(_ bytes: [UInt8], to name: String) throws { try folder.write(bytes, to: name) }

  /// Cuts a file down to a part of its length.
  func truncate(_ name: String, to share: Double) throws {
    let data = try Data(contentsOf: folder.url(name))
    try data.prefix(Int(Double(data.count) * share)).write(to: folder.url(name))
  }

  /// The run `name` as it was when its process was killed after `step` steps: its logs may be ahead of it.
  func copy(_ run: String, as name: String, upTo step: Int) throws {
    try FileManager.default.copyItem(atPath: path(run), toPath: path(name))
    for later in try steps(name) where later > step {
      try FileManager.default.removeItem(atPath: checkpoint(name, later))
    }
  }

  func checkpoint(_ run: String, _ step: Int) -> String {
    path("\(run)/\(CheckpointStore.folderName(step: step))")
  }

  /// The steps a run has checkpoints of.
  func steps(_ run: String) throws -> [Int] { try CheckpointStore(run: path(run)).steps() }

  /// Writes the rows of `name` without their pairs of answers, so that a loss needs no reference, and returns the name of the file.
  func withoutPairs(_ name: String) throws -> String {
    let rows = try folder.text(of: name).split(separator: "\n").map { line in
      var row = try JSONValue.parse(Array(line.utf8), source: name, area: .data)
      for key in ["chosen", "rejected", "label"] { row[key] = JSONValue?.none }
      return row.serialized()
    }
    try folder.write(rows.joined(separator: "\n"), to: "answers.jsonl")
    return "answers.jsonl"
  }

  /// The rows of a run's steps, without those of evaluations.
  func trained(_ run: String) throws -> [JSONValue] { try metrics(run).filter { $0["kind"] == "train" } }

  /// The rows of a run's metrics.jsonl without the times.
  func metrics(_ run: String) throws -> [JSONValue] {
    let file = path("\(run)/metrics.jsonl")
    let text = try String(contentsOf: URL(filePath: file), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      var row = try JSONValue.parse(Array(line.utf8), source: file, area: .data)
      for key in ["tokens_per_second", "time"] { row[key] = JSONValue?.none }
      return row
    }
  }

  /// Every array of a checkpoint's two files by its path, and their attributes.
  func contents(_ run: String, step: Int) throws -> Contents {
    var contents = Contents()
    for file in ["model.h5", "training.h5"] {
      let file = try ArrayFile("\(checkpoint(run, step))/\(file)")
      contents.attributes.append(file.attributes)
      for array in file.arrays {
        contents.arrays["/\(array.group)/\(array.name)"] =
          array.element == .float64
          ? try file.read(array, as: Double.self).flatMap {
            [UInt32($0.bitPattern >> 32), UInt32($0.bitPattern & 0xffff_ffff)]
          }
          : try file.read(array, as: Float.self).map(\.bitPattern)
      }
    }
    return contents
  }

  struct Contents: Equatable {
    var arrays: [String: [UInt32]] = [:]
    var attributes: [Attributes] = []

    /// The names of the arrays that are not the same bits.
    func differences(_ other: Contents) -> [String] {
      Set(arrays.keys).union(other.arrays.keys).filter { arrays[$0] != other.arrays[$0] }.sorted()
    }
  }

  // MARK: Processes

  @discardableResult
  func train(_ arguments: String..., code: Int32 = 0, location: SourceLocation = #_sourceLocation) throws -> String {
    let outcome = try Binary.run(arguments, in: folder)
    #expect(outcome.code == code, "\(arguments): \(outcome.log)", sourceLocation: location)
    return outcome.log
  }

  func started(_ arguments: String...) throws -> Binary.Running { try Binary.started(arguments, in: folder) }

  /// Waits until `condition` holds; false if it does not within 30 s.
  func wait(until condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<6000 {
      if try condition() { return true }
      usleep(5000)
    }
    return false
  }

  /// The steps that a run's metrics.jsonl has rows of so far.
  func loggedSteps(_ run: String) -> Int {
    let bytes = (try? Data(contentsOf: folder.url("\(run)/metrics.jsonl"))) ?? Data()
    return bytes.count { $0 == UInt8(ascii: "\n") }
  }
}
