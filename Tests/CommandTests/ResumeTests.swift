import Files
import Foundation
import Support
import Testing

/// A run that was stopped and resumed is the run that was not.
@Suite(.serialized) struct ResumeTests {
  /// An epoch is 26 windows: step 7 reads the last two. There are nine weights in each of two layers, and three more.
  @Test func fromAnyStep() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json")
    #expect(try tiny.steps("runs/tiny") == Array(1...12))
    let whole = try tiny.contents("runs/tiny", step: 12)
    #expect(whole.arrays.keys.count { $0.hasPrefix("/model/") } == 2 * 9 + 3)
    // Weights, two moments, and the losses and gradient norms of the last steps.
    #expect(whole.arrays.count == 3 * (2 * 9 + 3) + 2)
    for step in [1, 4, 7, 11] {
      let run = "runs/from-\(step)"
      try tiny.copy("runs/tiny", as: run, upTo: step)
      #expect(try tiny.train("resume", run).contains("resuming after step \(step)\n"))
      let resumed = try tiny.contents(run, step: 12)
      #expect(resumed.differences(whole) == [], "from step \(step)")
      #expect(resumed.attributes == whole.attributes, "from step \(step)")
      #expect(try tiny.metrics(run) == tiny.metrics("runs/tiny"), "from step \(step)")
      let samples = [run, "runs/tiny"].map { try? Data(contentsOf: tiny.folder.url("\($0)/samples.jsonl")) }
      #expect(samples[0] != nil && samples[0] == samples[1], "from step \(step)")
    }
  }

  /// What a run keeps is not changed by words that would only be written down; a run without weights may still be another.
  @Test(arguments: [
    ("model.hidden_size=48", "a run goes on with the model that it trains"),
    ("model={\"from\":\"runs/tiny\"}", "a run goes on with the model that it trains"),
    ("tokenizer.from=elsewhere", "a run keeps its tokenizer"), ("run=runs/other", "a run stays in its folder"),
  ])
  func keepsWhatItTrains(_ change: String, _ refusal: String) throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "training.max_steps=2")
    let before = try tiny.folder.text(of: "runs/tiny/resolved.json")
    let outcome = try Binary.run(["resume", "runs/tiny", "training.max_steps=3", change], in: tiny.folder)
    #expect(outcome.code == 3)
    #expect(outcome.log.contains("error[recipe]: \(refusal)\n  --> command line: \(change)\n  = "), "\(outcome.log)")
    #expect(try tiny.folder.text(of: "runs/tiny/resolved.json") == before)
    try tiny.train("resume", "runs/tiny", "training.max_steps=3", "run=runs/tiny")
  }

  /// Stochastic rounding draws the same numbers after a stop; the file holds floats, from which either format resumes.
  @Test func withMomentsOfHalfTheSize() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "optimizer.state_dtype=bfloat16")
    let whole = try tiny.contents("runs/tiny", step: 12)
    for step in [1, 7] {
      let run = "runs/from-\(step)"
      try tiny.copy("runs/tiny", as: run, upTo: step)
      #expect(try tiny.train("resume", run).contains("resuming after step \(step)\n"))
      #expect(try tiny.contents(run, step: 12).differences(whole) == [], "from step \(step)")
    }
    try tiny.copy("runs/tiny", as: "runs/floats", upTo: 7)
    try tiny.train("resume", "runs/floats", "optimizer.state_dtype=float32")
    #expect(try tiny.contents("runs/floats", step: 12).differences(whole) != [])
    try tiny.train("pretrain", "tiny.json", "run=runs/exact")
    let losses = try ["runs/tiny", "runs/exact", "runs/floats"].map { run in
      try #require(try tiny.metrics(run).compactMap { $0["eval_loss"]?.double }.last)
    }
    for loss in losses { #expect(abs(loss / losses[1] - 1) < 0.01, "\(losses)") }
  }

  /// In bfloat16 as in float32: the same bits after a stop and for any number of threads. Another precision is said, and taken.
  @Test func ofRoundedProducts() throws {
    let tiny = try TinyRun()
    let log = try tiny.train("pretrain", "tiny.json", "training.precision=bfloat16", "threads=2")
    #expect(log.contains(" in bfloat16\n"))
    let whole = try tiny.contents("runs/tiny", step: 12)
    for step in [1, 7] {
      let run = "runs/from-\(step)"
      try tiny.copy("runs/tiny", as: run, upTo: step)
      #expect(try !tiny.train("resume", run, "threads=1").contains("precision"))
      #expect(try tiny.contents(run, step: 12).differences(whole) == [], "from step \(step)")
    }
    try tiny.copy("runs/tiny", as: "runs/floats", upTo: 7)
    let resumed = try tiny.train("resume", "runs/floats", "training.precision=float32")
    #expect(resumed.contains("the products' precision goes from bfloat16 to float32\n"))
    #expect(try tiny.contents("runs/floats", step: 12).differences(whole) != [])
    try tiny.train("pretrain", "tiny.json", "run=runs/exact")
    #expect(try tiny.contents("runs/exact", step: 12).differences(whole) != [])
    let losses = try ["runs/tiny", "runs/exact", "runs/floats"].map { run in
      try #require(try tiny.metrics(run).compactMap { $0["eval_loss"]?.double }.last)
    }
    for loss in losses { #expect(abs(loss / losses[1] - 1) < 0.01, "\(losses)") }
  }

  @Test func afterSignals() throws {
    let tiny = try TinyRun()
    let long = ["training.max_steps=1500", "checkpoint.every=100000", "evaluation.every=400"]
    try tiny.train("pretrain", "tiny.json", long[0], long[1], long[2], "run=runs/whole")
    let run = "runs/tiny"

    let first = try tiny.started("pretrain", "tiny.json", long[0], long[1], long[2])
    #expect(tiny.wait { tiny.loggedSteps(run) >= 5 })
    kill(first.process.processIdentifier, SIGTERM)
    first.process.waitUntilExit()
    let stopped = try first.outcome()
    #expect(stopped.code == 143, "\(stopped.log)")
    let step = try #require(try tiny.steps(run).last)
    #expect(stopped.log.contains("stopping in step ") && stopped.log.contains("again to quit"), "\(stopped.log)")
    #expect(stopped.log.contains("stopped after step \(step); `train resume \(run)` goes on"))
    #expect(try tiny.metrics(run).last?["step"]?.integer == step)

    let second = try tiny.started("resume", run)
    #expect(tiny.wait { tiny.loggedSteps(run) >= step + 5 })
    kill(second.process.processIdentifier, SIGINT)
    second.process.waitUntilExit()
    #expect(try second.outcome().code == 130)
    let next = try #require(try tiny.steps(run).last)
    #expect(next > step)

    let third = try tiny.started("resume", run)
    #expect(tiny.wait { tiny.loggedSteps(run) >= next + 5 })
    kill(third.process.processIdentifier, SIGUSR1)
    #expect(try tiny.wait { try tiny.steps(run).last != next })
    let saved = try #require(try tiny.steps(run).last)
    #expect(tiny.wait { tiny.loggedSteps(run) >= saved + 3 })
    kill(third.process.processIdentifier, SIGKILL)
    third.process.waitUntilExit()
    let killed = try third.outcome()
    #expect(
      killed.code == 128 + SIGKILL && killed.log.contains("saved the checkpoint of step \(saved)\n"), "\(killed.log)")

    #expect(try tiny.train("resume", run).contains("resuming after step \(saved)\n"))
    let (resumed, whole) = (try tiny.contents(run, step: 1500), try tiny.contents("runs/whole", step: 1500))
    #expect(resumed.differences(whole) == [])
    #expect(try tiny.metrics(run) == tiny.metrics("runs/whole"))
  }

  @Test func metricsTellTheScheduleAndTheFirstLoss() throws {
    let tiny = try TinyRun()
    let log = try tiny.train("run", "tiny.json", "checkpoint.every=12")
    let rows = try tiny.metrics("runs/tiny")
    let steps = rows.filter { $0["kind"]?.string == "train" }
    #expect(steps.map { $0["step"]?.integer } == Array(1...12))
    for (index, row) in steps.enumerated() {
      let rate =
        index < 1 ? 1e-2 : 1e-3 + 9e-3 * (1 + cos(Double.pi * Double(index - 1) / 11)) / 2
      #expect(abs(row["learning_rate"]!.double! - rate) < 1e-15)
      // 26 windows an epoch, the last two of them in step 7.
      #expect(row["tokens"]?.integer == ((index + 1) * 4 - (index < 6 ? 0 : 2)) * 32)
      #expect(row["grad_norm"]!.double! > 0)
    }
    let expected = log10(257.0) / log10(M_E)
    #expect(abs(steps[0]["loss"]!.double! - expected) < 0.05 * expected)
    #expect(steps[11]["loss"]!.double! < 0.9 * expected)
    #expect(log.contains("first loss "))
    let evaluations = rows.filter { $0["kind"]?.string == "eval" }
    #expect(evaluations.map { $0["step"]?.integer } == [5, 10, 12])
    let loss = try #require(evaluations[2]["eval_loss"]?.double)
    #expect(abs(evaluations[2]["eval_perplexity"]!.double! / exp(loss) - 1) < 1e-12)
  }

  @Test func threadsAndRecomputationChangeNoBit() throws {
    let tiny = try TinyRun()
    try tiny.train("pretrain", "tiny.json", "checkpoint.every=12", "threads=1")
    let expected = try tiny.contents("runs/tiny", step: 12)
    for (threads, recompute) in [("2", "false"), ("3", "true")] {
      let run = "runs/threads-\(threads)"
      try tiny.train(
        "pretrain", "tiny.json", "run=\(run)", "checkpoint.every=12", "threads=\(threads)",
        "training.recompute=\(recompute)")
      #expect(try tiny.contents(run, step: 12).differences(expected) == [], "\(threads) threads")
      #expect(try tiny.metrics(run) == tiny.metrics("runs/tiny"), "\(threads) threads")
    }
  }
}
