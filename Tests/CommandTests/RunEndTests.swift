import Files
import Foundation
import Support
import Testing

/// How runs begin and end: what is measured before the first step, when a run ends, and what it says then.
@Suite(.serialized) struct RunEndTests {
  private let tiny: TinyRun

  init() throws { tiny = try TinyRun() }

  private func evaluations(_ run: String = "runs/tiny") throws -> [Int?] {
    try tiny.metrics(run).filter { $0["kind"]?.string == "eval" }.map { $0["step"]?.integer }
  }

  @Test func aRunSaysHowItEnded() throws {
    let log = try tiny.train("pretrain", "tiny.json", "logging.report=true")
    #expect(log.contains("done: 12 steps in "), "\(log)")
    #expect(log.contains("\nbest validation loss ") && log.contains(" after step 12\n"), "\(log)")
    #expect(log.contains("\nthe run is in runs/tiny, its report in runs/tiny/report.html\n"), "\(log)")
    #expect(log.hasSuffix("\nnext: train generate runs/tiny --prompt 'the '\n"), "\(log)")
    #expect(log.contains("sample after step 5:\n  | the "), "\(log)")
    #expect(try !tiny.train("resume", "runs/tiny").contains("done:"))
    // A prompt of a line end would break the command in two.
    let other = try tiny.train(
      "pretrain", "tiny.json", "run=runs/b", "training.max_steps=1", "schedule.warmup_steps=1",
      #"evaluation.prompts=["\n"]"#)
    #expect(other.hasSuffix("\nnext: train generate runs/b\n"), "\(other)")
  }

  @Test func intervalsMayBeEpochs() throws {
    // 26 windows in batches of 4: epochs end with steps 7 and 14.
    try tiny.train(
      "pretrain", "tiny.json", "training.max_steps=16", "evaluation.every=epoch", "checkpoint.every=epoch",
      "checkpoint.keep_best=false")
    #expect(try evaluations() == [7, 14, 16])
    #expect(try tiny.steps("runs/tiny") == [7, 14, 16])
  }

  /// An epoch of weighted sources has other samples than the sources together.
  @Test func epochsOfWeightedSourcesAreIntervals() throws {
    try tiny.write(TinyRun.text.replacing("foxes", with: "crows"), to: "more.txt")
    let sources = #"data.train=[{"path": "text.txt", "weight": 1}, {"path": "more.txt", "weight": 3}]"#
    let log = try tiny.train(
      "pretrain", "tiny.json", sources, "training.epochs=2", "evaluation.every=epoch", "checkpoint.every=epoch",
      "checkpoint.keep_best=false")
    let count = try #require(try log.firstMatch(of: Regex(", ([0-9]+) an epoch"))?[1].substring.flatMap { Int($0) })
    #expect(try evaluations() == [count, 2 * count], "\(log)")
    #expect(try tiny.steps("runs/tiny") == [count, 2 * count])
    // A batch may be larger than the sources together, and the plan knows.
    let plan = try Binary.run(
      ["plan", "tiny.json", sources, "training.epochs=1", "training.batch_size=80", "--json"], in: tiny.folder
    ).results
    #expect(plan.contains("\"tokens_per_step\":2560,"), "\(plan)")
  }

  @Test func aRunThatLearnsNothingMoreStops() throws {
    let change = #"training.early_stopping={"patience": 2, "min_delta": 100}"#
    let log = try tiny.train("pretrain", "tiny.json", "evaluation.every=2", change)
    #expect(log.contains("stopped early: the last 2 evaluation losses are not lower than "), "\(log)")
    #expect(try evaluations() == [2, 4, 6])
    #expect(try tiny.steps("runs/tiny").last == 6)
    let view = try Binary.run(["watch", "runs/tiny"], in: tiny.folder).results
    #expect(view.hasPrefix("runs/tiny  stopped early at step 6 of 12\n"), "\(view)")
    // One that was killed on the way stops where it would have.
    try tiny.copy("runs/tiny", as: "runs/again", upTo: 5)
    try tiny.train("resume", "runs/again")
    #expect(try tiny.metrics("runs/again") == tiny.metrics("runs/tiny"))
    let resumed = try tiny.train("resume", "runs/tiny")
    #expect(resumed.contains("stopped early") && !resumed.contains("done:"), "\(resumed)")
    try tiny.train("resume", "runs/tiny", "~training.early_stopping")
    #expect(try tiny.steps("runs/tiny").last == 12)
    // After its last step there is nothing to stop early.
    let whole = try tiny.train(
      "pretrain", "tiny.json", "evaluation.every=2", "training.max_steps=6", "run=runs/whole", change)
    #expect(!whole.contains("stopped early") && whole.contains("done: 6 steps"), "\(whole)")
    let refused = try tiny.train(
      "validate", "tiny.json", change, "~data.validation_fraction", code: 3)
    #expect(refused.contains("early_stopping needs an evaluation loss"), "\(refused)")
  }

  @Test func lossesThatPrintAlikeAreNotCompared() throws {
    let log = try tiny.train(
      "pretrain", "tiny.json", "training.max_steps=2", "evaluation.at_start=true", "optimizer.learning_rate=1e-12",
      "schedule.min_learning_rate=0")
    #expect(try evaluations() == [0, 2])
    #expect(log.contains("best validation loss ") && !log.contains("before the first step"), "\(log)")
  }

  @Test func tuningIsMeasuredBeforeItsFirstStep() throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=1", "model.max_position_embeddings=64")
    try tiny.write(
      (1...8).map { #"{"prompt": "say \#($0)", "chosen": "yes \#($0)", "rejected": "no"}"# }.joined(separator: "\n"),
      to: "pairs.jsonl")
    try tiny.write(
      """
      {
        "task": "dpo", "run": "runs/dpo", "model": { "from": "runs/tiny" },
        "data": { "train": "pairs.jsonl", "validation_fraction": 0.25, "sequence_length": 64, "template": "plain" },
        "optimizer": { "name": "adamw", "learning_rate": 1e-3 }, "training": { "batch_size": 2, "max_steps": 2 },
        "schedule": { "warmup_ratio": 0.6 }, "evaluation": { "every": 2 },
        "checkpoint": { "every": 1, "keep_last": 3 }, "logging": { "every": 1, "tensorboard": false, "report": false }
      }
      """, to: "dpo.json")
    let log = try tiny.train("dpo", "dpo.json")
    #expect(try evaluations("runs/dpo") == [0, 2])
    let rows = try tiny.metrics("runs/dpo")
    #expect(abs(rows[0]["eval_loss"]!.double! - 0.693147) < 1e-4)
    // ceil(0.6 * 2) steps of warm-up.
    #expect(rows.compactMap { $0["learning_rate"]?.double } == [5e-4, 1e-3])
    #expect(log.contains("step 2/2  loss ") && log.contains("  margin ") && log.contains("  accuracy "), "\(log)")
    #expect(log.contains(", before the first step 0.6931") || log.contains("it was lower before the first step"))
    #expect(log.hasSuffix("next: train chat runs/dpo\n"), "\(log)")

    try tiny.copy("runs/dpo", as: "runs/again", upTo: 0)
    try tiny.train("resume", "runs/again")
    #expect(try tiny.metrics("runs/again") == rows)
    try tiny.train("dpo", "dpo.json", "run=runs/without", "evaluation.at_start=false")
    #expect(try evaluations("runs/without") == [2])
  }
}
