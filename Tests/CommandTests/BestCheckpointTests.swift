import Checkpoints
import Files
import Foundation
import Support
import Testing

/// `best` leads to the checkpoint of the lowest evaluation loss, and to nothing else.
@Suite(.serialized) struct BestCheckpointTests {
  private let tiny: TinyRun
  private let run = "runs/tiny"

  init() throws {
    tiny = try TinyRun()
    try tiny.write(String(repeating: "a dog jumps over the 4 lazy cats: 17 times. ", count: 4), to: "other.txt")
  }

  /// A run whose evaluation loss falls and then rises: it learns its own few windows by heart.
  @discardableResult
  private func train(_ changes: String..., isBlind: Bool = false) throws -> String {
    let outcome = try Binary.run(
      [
        "pretrain", "tiny.json", "optimizer.learning_rate=0.05", "schedule.name=constant", "training.max_steps=40",
        "evaluation.every=3", "checkpoint.every=10", "checkpoint.keep_last=1", "evaluation.batches=auto",
        "~data.validation_fraction",
      ] + (isBlind ? [] : ["data.validation=other.txt"]) + changes, in: tiny.folder)
    #expect(outcome.code == 0, "\(outcome.log)")
    return outcome.log
  }

  private func lowest(_ run: String) throws -> (step: Int, loss: Double) {
    let rows = try tiny.metrics(run).filter { $0["kind"]?.string == "eval" }
    let losses = rows.map { ($0["step"]!.integer!, $0["eval_loss"]!.double!) }
    return losses.min { $0.1 < $1.1 }!
  }

  private func best(_ run: String) -> String? { Folder.target(ofLink: tiny.path("\(run)/best")) }

  @Test func evaluationsAndSavesAreIndependent() throws {
    try train()
    let (step, loss) = try lowest(run)
    #expect(step != 40 && !step.isMultiple(of: 10), "the test needs a best step that is not saved anyway: \(step)")
    #expect(best(run) == CheckpointStore.folderName(step: step))
    #expect(try tiny.steps(run) == [step, 40])
    let manifest = try tiny.folder.text(of: "\(run)/best/manifest.json")
    #expect(try JSONValue.parse(Array(manifest.utf8), source: "", area: .data)["eval_loss"]?.double == loss)
    let report = try Binary.run(["report", run], in: tiny.folder)
    #expect(report.code == 0)
    let page = try tiny.folder.text(of: "\(run)/report.html")
    #expect(["<", ";"].contains { page.contains("held-out loss at step \(step)\($0)") })
  }

  /// The odd row, in the step whose evaluation is the lowest, says nothing about the model.
  @Test func anOutlierOfAStepDoesNotHideTheBest() throws {
    try tiny.train("pretrain", "tiny.json")
    func rows(_ answer: String, _ count: Int) -> String {
      String(repeating: #"{"prompt": "say", "completion": "\#(answer)"}"# + "\n", count: count)
    }
    try tiny.write(rows("redred", 29) + rows("Q~Z#", 1) + rows("blueblue", 30), to: "rows.jsonl")
    try tiny.write(rows("redred", 1), to: "held.jsonl")
    try tiny.write(
      """
      { "task": "sft", "run": "runs/sft", "model": { "from": "runs/tiny" },
        "data": { "train": "rows.jsonl", "validation": "held.jsonl", "sequence_length": 32, "template": "plain",
                  "packing": false, "shuffle": false },
        "objective": { "name": "sft" }, "optimizer": { "learning_rate": 5e-3, "max_grad_norm": 0.5 },
        "training": { "batch_size": 1, "max_steps": 60 },
        "evaluation": { "every": 10 }, "checkpoint": { "every": 1000 }, "logging": { "report": false } }
      """, to: "sft.json")
    try tiny.train("sft", "sft.json")
    let losses = try tiny.metrics("runs/sft").compactMap { $0["loss"]?.double }
    #expect(losses[29] > 10 * losses[28], "the test needs an outlier: \(losses[28]), \(losses[29])")
    #expect(try lowest("runs/sft").step == 30 && best("runs/sft") == "step-000030")
    #expect(try tiny.steps("runs/sft").suffix(2) == [30, 60])
  }

  @Test func withoutEvaluationOrByTheRecipeThereIsNone() throws {
    try train("checkpoint.keep_best=false")
    #expect(best(run) == nil && !Folder.exists(tiny.path("\(run)/best")))
    #expect(try tiny.steps(run) == [40])
    try train("run=runs/blind", isBlind: true)
    #expect(best("runs/blind") == nil)
  }

  @Test func aBestThatWasRemovedIsReplacedByTheBestThatIsLeft() throws {
    try train("checkpoint.keep_last=3")
    let (step, _) = try lowest(run)
    try Folder.remove(tiny.checkpoint(run, step))
    try tiny.train("resume", run, "training.max_steps=41")
    let left = try #require(try CheckpointStore(run: tiny.path(run)).best(upTo: 41))
    #expect(best(run) == CheckpointStore.folderName(step: left.step) && left.step != step)
  }

  /// A loss on other held-out text is neither better nor worse than those before: the best is found anew, and so is when to stop.
  @Test func anotherMeasureFindsTheBestAnew() throws {
    try tiny.write(String(repeating: "ZQX~#JKV^", count: 8), to: "hard.txt")
    try train("training.max_steps=6", "checkpoint.every=1", "checkpoint.keep_last=20")
    let before = try lowest(run)
    let log = try tiny.train(
      "resume", run, "training.max_steps=15", "data.validation=hard.txt", "training.early_stopping.patience=2")
    #expect(log.contains("warning: the objective, or what is read of what is held out, has changed"), "\(log)")
    let rows = try tiny.metrics(run).filter { $0["kind"]?.string == "eval" && $0["step"]!.integer! > 6 }
    #expect(rows.map { $0["step"]!.integer! } == [9, 12, 15])
    let found = try #require(rows.min { $0["eval_loss"]!.double! < $1["eval_loss"]!.double! })
    #expect(found["eval_loss"]!.double! > before.loss, "the test needs a text that is harder")
    let folder = CheckpointStore.folderName(step: found["step"]!.integer!)
    #expect(best(run) == folder)
    #expect(log.contains("best validation loss") && log.contains(" after step \(found["step"]!.integer!)"), "\(log)")
    #expect(rows.allSatisfy { $0["measured_after"] == 6 }, "\(rows)")
    try tiny.train("report", run)
    let page = try tiny.folder.text(of: "\(run)/report.html")
    #expect(page.contains("held-out loss at step \(found["step"]!.integer!)"))
    // It is remembered.
    try tiny.copy(run, as: "runs/again", upTo: 10)
    #expect(try !tiny.train("resume", "runs/again").contains("what is held out, has changed"))
    #expect(try tiny.metrics("runs/again") == tiny.metrics(run))
    #expect(best("runs/again") == folder)
  }

  /// Killed between the checkpoint and its links: the next start mends them.
  @Test func linksAreMendedOnResume() throws {
    try train()
    let (step, _) = try lowest(run)
    try Folder.link(tiny.path("\(run)/best"), to: "step-000040")
    try Folder.remove(tiny.path("\(run)/latest"))
    try tiny.train("resume", run, "training.max_steps=41")
    #expect(best(run) == CheckpointStore.folderName(step: step))
    #expect(Folder.target(ofLink: tiny.path("\(run)/latest")) == "step-000041")
    #expect(try tiny.steps(run) == [step, 41])
  }

  @Test func aCopyThatFollowedLinksGoesOn() throws {
    try train()
    let (step, _) = try lowest(run)
    try Shell.run("cp -rL \"$0\" \"$1\"", [tiny.path(run), tiny.path("runs/copy")])
    #expect(Folder.target(ofLink: tiny.path("runs/copy/best")) == nil)
    let log = try tiny.train("resume", "runs/copy", "training.max_steps=42")
    #expect(!log.contains("could not be written"), "\(log)")
    try tiny.train("resume", run, "training.max_steps=42")
    #expect(try tiny.contents("runs/copy", step: 42).differences(tiny.contents(run, step: 42)) == [])
    #expect(best("runs/copy") == CheckpointStore.folderName(step: step))
    #expect(Folder.target(ofLink: tiny.path("runs/copy/latest")) == "step-000042")
  }
}
