import Checkpoints
import Files
import Foundation
import Support
import Testing

/// A run whose loss runs away ends, and its last good checkpoint stays.
@Suite(.serialized) struct DivergenceTests {
  private let tiny: TinyRun
  private let run = "runs/tiny"

  init() throws { tiny = try TinyRun() }

  @Test func aRunThatDivergesEndsBeforeItsCheckpointIsOverwritten() throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=5", "checkpoint.keep_last=1")
    let diverging = [
      "optimizer.learning_rate=100", "optimizer.weight_decay=0", "schedule.name=constant", "training.max_steps=60",
      "evaluation.every=1000", "checkpoint.keep_best=false",
    ]
    let outcome = try Binary.run(["resume", run] + diverging, in: tiny.folder)
    #expect(outcome.code == 7, "\(outcome.log)")
    #expect(outcome.log.contains("error[numerics]: the loss has diverged\n  --> step "), "\(outcome.log)")
    let kept = try #require(try tiny.steps(run).last)
    #expect(outcome.log.contains("the last good checkpoint is \(CheckpointStore.folderName(step: kept))"))
    let losses = try tiny.metrics(run).compactMap { $0["loss"]?.double }
    #expect(losses.count < 60 && losses[kept - 1] < 10 && losses[losses.count - 1] > 20, "\(kept): \(losses)")
    // From there the run goes on with a rate that it can bear.
    try tiny.train(
      "resume", run, "optimizer.learning_rate=1e-3", "schedule.name=cosine", "training.max_steps=\(kept + 2)")
    #expect(try tiny.steps(run).last == kept + 2)
  }

  /// A signal in the midst of a divergence saves what there is, beside the last good checkpoint.
  @Test(.needsFaultShim) func aStopDoesNotTakeTheGoodCheckpointAway() throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=5", "checkpoint.keep_last=1")
    let diverging = [
      "optimizer.learning_rate=100", "optimizer.weight_decay=0", "schedule.name=constant", "training.max_steps=60",
      "evaluation.every=1000", "checkpoint.keep_best=false", "checkpoint.every=1000",
    ]
    for copy in ["counted", "stopped"] { try tiny.copy(run, as: "runs/\(copy)", upTo: 5) }
    // What a first run prepares, the others find.
    #expect(try Binary.run(["resume", run] + diverging, in: tiny.folder).code == 7)
    var environment = ["LD_PRELOAD": FaultShim.library ?? "", "FAULT_CALLS": "w", "FAULT_LOG": tiny.path("log")]
    #expect(
      try Binary.run(["resume", "runs/counted"] + diverging, in: tiny.folder, environment: environment).code == 7)
    let first = try #require(try tiny.metrics(run).compactMap { $0["loss"]?.double }.firstIndex { $0 > 20 })
    let rows = try tiny.folder.text(of: "log").split(separator: "\n").filter { $0.hasSuffix("metrics.jsonl") }
    let writes = rows.filter { $0.contains(" write ") }
    // Four steps into the divergence; the run was resumed after step 5.
    let number = try #require(writes[first - 5 + 3].split(separator: " ").first)
    environment["FAULT_LOG"] = nil
    environment["FAULT_AT"] = String(number)
    environment["FAULT_ACTION"] = "signal:\(SIGTERM)"
    let stopped = try Binary.run(["resume", "runs/stopped"] + diverging, in: tiny.folder, environment: environment)
    #expect(stopped.code == 128 + SIGTERM, "\(stopped.log)")
    #expect(try tiny.steps("runs/stopped") == [5, first + 4])
    #expect(Folder.target(ofLink: tiny.path("runs/stopped/latest")) == CheckpointStore.folderName(step: first + 4))
    let resumed = try Binary.run(["resume", "runs/stopped"], in: tiny.folder)
    #expect(resumed.code == 7 && resumed.log.contains("the last good checkpoint is step-000005"), "\(resumed.log)")
    #expect(try tiny.steps("runs/stopped") == [5])
    #expect(Folder.target(ofLink: tiny.path("runs/stopped/latest")) == "step-000005")
  }

  /// The best of models that are all ruined is not the last good one.
  @Test func aRunThatNeverWasGoodHasNoGoodCheckpoint() throws {
    let outcome = try Binary.run(
      [
        "pretrain", "tiny.json", "optimizer.learning_rate=100", "optimizer.weight_decay=0", "schedule.name=constant",
        "training.max_steps=60", "evaluation.every=4", "checkpoint.every=4",
      ], in: tiny.folder)
    #expect(outcome.code == 7 && outcome.log.contains("error[numerics]: the loss has diverged"), "\(outcome.log)")
    #expect(outcome.log.contains("no checkpoint was written before it"), "\(outcome.log)")
  }

  @Test func theLastStepsOfARunCountToo() throws {
    let changes = [
      "optimizer.learning_rate=100", "optimizer.weight_decay=0", "schedule.name=constant", "training.max_steps=8",
    ]
    let outcome = try Binary.run(["pretrain", "tiny.json"] + changes, in: tiny.folder)
    #expect(outcome.code == 7, "\(outcome.log)")
    let off = try Binary.run(
      ["pretrain", "tiny.json", "--overwrite", "training.divergence_threshold=0"] + changes, in: tiny.folder)
    #expect(off.code == 0, "\(off.log)")
    #expect(try tiny.steps(run).last == 8)
  }

  /// A threshold that every other step is above: what is skipped is counted, and a resumed run skips the same.
  @Test func skippedStepsAreResumed() throws {
    let changes = [
      "training.skip_spikes=0.5", "training.max_steps=40", "checkpoint.keep_last=50", "optimizer.learning_rate=1e-5",
      "schedule.min_learning_rate=0",
    ]
    let outcome = try Binary.run(["pretrain", "tiny.json"] + changes, in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    let whole = try tiny.contents(run, step: 40)
    let skipped = try #require(whole.attributes[1]["skipped"]?.integer)
    #expect(skipped > 2, "\(outcome.log)")
    #expect(outcome.log.contains("is skipped: loss ") && outcome.log.contains("; \(skipped) so far"))
    // More text: the losses of before say nothing about it, but the optimizer's steps go on.
    for (copy, steps) in [("runs/once", [50]), ("runs/twice", [45, 50])] {
      try tiny.copy(run, as: copy, upTo: 40)
      try tiny.write(TinyRun.text + "<|endoftext|>one more", to: "text.txt")
      for last in steps { try tiny.train("resume", copy, "training.max_steps=\(last)", "--allow-changed-data") }
    }
    let (once, twice) = (try tiny.contents("runs/once", step: 50), try tiny.contents("runs/twice", step: 50))
    #expect(twice.attributes[1]["skipped"] == once.attributes[1]["skipped"])
    #expect(try #require(once.attributes[1]["skipped"]?.integer) >= skipped)
    try tiny.write(TinyRun.text, to: "text.txt")
    for step in [17, 25, 39] {
      let copy = "runs/from-\(step)"
      try tiny.copy(run, as: copy, upTo: step)
      try tiny.train("resume", copy)
      #expect(try tiny.contents(copy, step: 40).differences(whole) == [], "from step \(step)")
      #expect(try tiny.contents(copy, step: 40).attributes == whole.attributes, "from step \(step)")
      #expect(try tiny.metrics(copy) == tiny.metrics(run), "from step \(step)")
    }
  }
}
