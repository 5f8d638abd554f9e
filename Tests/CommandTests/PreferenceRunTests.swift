import Checkpoints
import Files
import Foundation
import Testing

/// Preference runs and their reference model, as their users run them.
@Suite(.serialized) struct PreferenceRunTests {
  private let tiny: TinyRun

  init() throws {
    tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=3", "model.max_position_embeddings=64")
    try tiny.write(Self.pairs, to: "pairs.jsonl")
    try tiny.write(Self.answers, to: "answers.jsonl")
    try tiny.write(Self.recipe("dpo", data: "pairs.jsonl"), to: "dpo.json")
    try tiny.write(Self.recipe("kto", data: "answers.jsonl"), to: "kto.json")
  }

  private static let pairs = (1...11).map { index in
    #"{"prompt": "say \#(index)", "chosen": "yes \#(index % 7)", "rejected": "\#(index % 5) no"}"#
  }.joined(separator: "\n")

  /// Prompts and answers of many lengths: most of the prompts leave another's answer too little room.
  private static let answers = (1...11).map { index in
    let prompt = String(repeating: "x", count: index * 17 % 48)
    let answer = String(repeating: "y", count: 1 + index * 13 % 40)
    return #"{"prompt": "\#(prompt)\#(index)", "completion": "\#(answer)", "label": \#(index % 3 != 0)}"#
  }.joined(separator: "\n")

  private static func recipe(_ objective: String, data: String) -> String {
    """
    {
      "task": "dpo", "run": "runs/\(objective)", "seed": 3, "model": { "from": "runs/tiny" },
      "data": { "train": "\(data)", "validation_fraction": 0.2, "sequence_length": 64, "template": "plain" },
      "objective": { "name": "\(objective)" }, "optimizer": { "name": "adamw", "learning_rate": 1e-2 },
      "training": { "batch_size": 4, "micro_batch_size": 2, "max_steps": 12 },
      "evaluation": { "every": 4, "batches": 2 }, "checkpoint": { "every": 1, "keep_last": 20 },
      "logging": { "every": 4, "tensorboard": false, "report": false }
    }
    """
  }

  /// Nine rows in batches of four: every third step has a partner for nobody.
  @Test(arguments: ["dpo", "kto"]) func resumingIsExactFromEveryStep(_ name: String) throws {
    try tiny.train("dpo", "\(name).json")
    let run = "runs/\(name)"
    let whole = try tiny.contents(run, step: 12)
    for step in 1...11 {
      let copy = "runs/\(name)-from-\(step)"
      try tiny.copy(run, as: copy, upTo: step)
      try tiny.train("resume", copy)
      #expect(try tiny.contents(copy, step: 12).differences(whole) == [], "from step \(step)")
      #expect(try tiny.metrics(copy) == tiny.metrics(run), "from step \(step)")
    }
  }

  /// As in metrics.jsonl, and as TRL's trainers log them.
  @Test func tensorBoardHasTheRewardsOfSteps() throws {
    try tiny.train("dpo", "dpo.json", "training.max_steps=1", "logging.tensorboard=true")
    let names = try FileManager.default.contentsOfDirectory(atPath: tiny.path("runs/dpo"))
    let events = try #require(names.first { $0.hasPrefix("events.out.tfevents.") })
    let bytes = try #require(FileManager.default.contents(atPath: tiny.path("runs/dpo/\(events)")))
    let text = String(decoding: bytes, as: UTF8.self)
    for tag in ["train/loss", "train/rewards/margins", "train/logps/chosen", "eval/rewards/margins"] {
      #expect(text.contains(tag), "\(tag)")
    }
  }

  @Test func microBatchesChangeNoMetricOfKTO() throws {
    try tiny.train("dpo", "kto.json")
    try tiny.train("dpo", "kto.json", "run=runs/one", "training.micro_batch_size=1")
    for (row, expected) in zip(try tiny.metrics("runs/one"), try tiny.metrics("runs/kto")) {
      for member in expected.object ?? [] {
        let (value, wanted) = (row[member.key]?.double, member.value.double)
        guard let value, let wanted else { continue }
        #expect(abs(value - wanted) < 1e-4 * max(1, abs(wanted)), "\(member.key): \(value), expected \(wanted)")
      }
    }
    let rows = try tiny.metrics("runs/kto")
    #expect(try tiny.trained("runs/kto")[0]["loss"]?.double == 0.5)
    #expect(rows.contains { ($0["kl"]?.double ?? 0) > 0 } && rows.contains { $0["eval_kl"] != nil })
    #expect(try tiny.train("eval", "runs/kto", "--show", "1").contains("no answers are shown"))
  }

  /// The losses of one objective say nothing about those of another: 0.7 and less, then 50.
  @Test func anotherObjectiveIsNoDivergence() throws {
    try tiny.train("dpo", "dpo.json", "training.max_steps=20")
    try tiny.train(
      "resume", "runs/dpo", "training.max_steps=40", "objective.loss_type=sppo_hard", "optimizer.learning_rate=1e-4")
    let losses = try tiny.metrics("runs/dpo").compactMap { $0["loss"]?.double }
    #expect(losses.count == 40 && losses[39] > 20)
  }

  /// A run names a base by its folder, so that the base may go on under it. The scores that the run began with are in the cache;
  /// KTO needs the model itself.
  @Test func aReferenceThatHasChangedIsNeverTakenForTheOldOne() throws {
    for name in ["dpo", "kto"] { try tiny.train("dpo", "\(name).json", "training.max_steps=4") }
    try tiny.copy("runs/dpo", as: "runs/cached", upTo: 4)
    try tiny.copy("runs/dpo", as: "runs/told", upTo: 4)
    try tiny.train("resume", "runs/dpo", "training.max_steps=8")
    try tiny.train("resume", "runs/tiny", "training.max_steps=4")

    let cached = try tiny.train("resume", "runs/cached", "training.max_steps=8")
    #expect(cached.contains("its scores come from the cache"), "\(cached)")
    #expect(try tiny.contents("runs/cached", step: 8).differences(tiny.contents("runs/dpo", step: 8)) == [])
    let kto = try tiny.train("resume", "runs/kto", "training.max_steps=8", code: 5)
    #expect(kto.contains("not the one that the run began with") && kto.contains("runs/tiny"), "\(kto)")

    try FileManager.default.removeItem(atPath: tiny.path("data/.cache/reference"))
    let changed = try tiny.train("resume", "runs/told", "training.max_steps=8", code: 5)
    #expect(changed.contains("not the one that the run began with"), "\(changed)")
    try tiny.train("resume", "runs/told", "training.max_steps=8", "model.from=runs/tiny/step-000003")
    #expect(try tiny.contents("runs/told", step: 8).differences(tiny.contents("runs/dpo", step: 8)) == [])
  }

  @Test func aReferenceThatIsGoneIsNamed() throws {
    for name in ["dpo", "kto"] { try tiny.train("dpo", "\(name).json", "training.max_steps=4") }
    try FileManager.default.moveItem(atPath: tiny.path("runs/tiny"), toPath: tiny.path("runs/moved"))
    let kto = try tiny.train("resume", "runs/kto", "training.max_steps=8", code: 5)
    #expect(kto.contains("not to be had") && kto.contains("runs/tiny") && kto.contains("model.from=PATH"), "\(kto)")
    try tiny.train("resume", "runs/dpo", "training.max_steps=6")
    try FileManager.default.removeItem(atPath: tiny.path("data/.cache/reference"))
    let dpo = try tiny.train("resume", "runs/dpo", "training.max_steps=8", code: 5)
    #expect(dpo.contains("not to be had") && dpo.contains("runs/tiny"), "\(dpo)")
    try tiny.train("resume", "runs/dpo", "training.max_steps=8", "model.from=runs/moved")
    let evaluation = try tiny.train("eval", "runs/kto", "--data", "answers.jsonl", code: 5)
    #expect(evaluation.contains("--reference none"), "\(evaluation)")
    try tiny.train("eval", "runs/kto", "--data", "answers.jsonl", "--reference", "none")
  }

  /// `eval` measures a run's checkpoint as the run does: its loss, its beta, its reference.
  @Test(arguments: [("dpo", "pairs.jsonl"), ("kto", "answers.jsonl")])
  func evalTakesTheRunsOwnReference(_ name: String, _ data: String) throws {
    try tiny.train("dpo", "\(name).json", "objective.beta=0.5", "data.validation=\(data)", "~data.validation_fraction")
    let row = try #require(try tiny.metrics("runs/\(name)").last { $0["kind"]?.string == "eval" })
    func measured(_ checkpoint: String, _ more: String...) throws -> JSONValue {
      let outcome = try Binary.run(
        ["eval", checkpoint, "--data", data, "--json", "--no-questions", "--sequence-length", "64"] + more,
        in: tiny.folder)
      #expect(outcome.code == 0, "\(outcome.log)")
      return try JSONValue.parse(Array(outcome.results.utf8), source: "eval", area: .data)
    }
    // All eleven rows, as the eight of two batches are not.
    try tiny.train("resume", "runs/\(name)", "training.max_steps=13", "evaluation.batches=3")
    let all = try #require(try tiny.metrics("runs/\(name)").last { $0["kind"]?.string == "eval" })
    #expect(row["eval_rewards/margins"] != nil)
    for checkpoint in ["runs/\(name)", "runs/\(name)/step-000013", "runs/\(name)/latest"] {
      let found = try measured(checkpoint)
      for key in ["loss", "rewards/chosen", "rewards/margins"] {
        let (value, expected) = (try #require(found[key]?.double), try #require(all["eval_\(key)"]?.double))
        #expect(abs(value - expected) < 1e-5, "\(checkpoint), \(key): \(value), expected \(expected)")
      }
    }
    let other = try measured("runs/\(name)", "--reference", "runs/\(name)/step-000002")
    #expect(other["rewards/margins"]?.double != all["eval_rewards/margins"]?.double)
  }

  /// Rows of another kind are measured by another loss, which compares with the run's reference, too.
  @Test(arguments: [("dpo", "answers.jsonl"), ("kto", "pairs.jsonl")])
  func evalTakesTheRunsReferenceForRowsOfAnotherKind(_ name: String, _ data: String) throws {
    try tiny.train("dpo", "\(name).json")
    func results(_ more: String...) throws -> String {
      let outcome = try Binary.run(
        ["eval", "runs/\(name)", "--data", data, "--no-questions", "--sequence-length", "64"] + more, in: tiny.folder)
      #expect(outcome.code == 0, "\(outcome.log)")
      return outcome.results
    }
    let own = try results()
    #expect(try own == results("--reference", "runs/tiny") && own != results("--reference", "none"))
  }
}
