import Files
import Support
import Testing

/// What a run says about its length, and what it refuses.
@Suite(.serialized) struct RunLengthTests {
  private let tiny: TinyRun
  private let run = "runs/tiny"

  init() throws { tiny = try TinyRun() }

  @Test(arguments: [["training.epochs=1"], ["training.tokens=800"]])
  func aWarmUpLongerThanTheRunIsRefused(_ length: [String]) throws {
    let refused = try Binary.run(
      ["pretrain", "tiny.json", "~training.max_steps", "schedule.warmup_steps=8"] + length, in: tiny.folder)
    #expect(refused.code == 3, "\(refused.log)")
    #expect(refused.log.contains("warmup_steps (8) must not exceed the 7 steps of the run"), "\(refused.log)")
    let invalid = try Binary.run(
      ["validate", "tiny.json", "~training.max_steps", "schedule.warmup_steps=8"] + length, in: tiny.folder)
    #expect(invalid.code == 3, "\(invalid.log)")
    let taken = try Binary.run(
      ["pretrain", "tiny.json", "~training.max_steps", "schedule.warmup_steps=7"] + length, in: tiny.folder)
    #expect(taken.code == 0, "\(taken.log)")
  }

  @Test func aFinishedRunSaysSo() throws {
    try tiny.train("pretrain", "tiny.json")
    let (metrics, resolved) = (try tiny.metrics(run), try tiny.folder.text(of: "\(run)/resolved.json"))
    let log = try tiny.train("resume", run)
    #expect(
      log.contains("the run is finished: it has taken its 12 steps; `train resume \(run) training.max_steps=24` "))
    for change in ["training.max_steps=10", "training.max_steps=12", "evaluation.every=3"] {
      let refused = try tiny.train("resume", run, change, code: 3)
      #expect(refused.contains("the run has taken 12 steps"), "\(change): \(refused)")
    }
    #expect(try tiny.metrics(run) == metrics)
    #expect(try tiny.folder.text(of: "\(run)/resolved.json") == resolved)
  }

  /// A run of 12 steps that is stopped after 6 cannot be made shorter than that.
  @Test func noRunIsMadeShorterThanItIs() throws {
    try tiny.train("pretrain", "tiny.json")
    try tiny.copy(run, as: "runs/half", upTo: 6)
    let refused = try tiny.train("resume", "runs/half", "training.max_steps=5", code: 3)
    #expect(refused.contains("the run has taken 6 steps"))
    #expect(try tiny.folder.text(of: "runs/half/resolved.json").contains("\"max_steps\": 12"))
    try tiny.train("resume", "runs/half", "training.max_steps=7")
    #expect(try tiny.steps("runs/half").last == 7)
  }

  @Test func anExtendedRunSaysWhereItsRateJumpsTo() throws {
    try tiny.train("pretrain", "tiny.json")
    try tiny.copy(run, as: "runs/same", upTo: 6)
    #expect(try !tiny.train("resume", "runs/same").contains("the learning rate goes"))
    let log = try tiny.train("resume", run, "training.max_steps=24")
    // The cosine from 1e-2 to 1e-3: step 11 of 12, then step 12 of 24.
    #expect(log.contains("the learning rate goes from 1.2e-3 to 5.8e-3: its schedule is now one of 24 steps"), "\(log)")
    let rates = try tiny.metrics(run).compactMap { $0["learning_rate"]?.double }
    #expect(abs(rates[11] - 1.18e-3) < 1e-5 && abs(rates[12] - 5.81e-3) < 1e-5, "\(rates[11...12])")
  }

  /// The advice makes it longer, whatever the last step read beyond what was asked for.
  @Test(arguments: [1, 100, 500]) func tokensAreExtendedInTokens(_ tokens: Int) throws {
    try tiny.train("pretrain", "tiny.json", "~training.max_steps", "training.tokens=\(tokens)")
    let taken = try #require(try tiny.steps(run).last)
    let log = try tiny.train("resume", run)
    let words = try #require(log.split(separator: "`").first { $0.hasPrefix("train resume") }?.split(separator: " "))
    try tiny.train("resume", run, String(words[3]))
    #expect(try #require(tiny.steps(run).last) > taken)
  }

  /// Two epochs of 26 windows, the second one in other batches: 7 steps, then 13 or 3.
  @Test(arguments: [(2, 20), (10, 10)]) func anotherBatchSizeReadsWhatIsLeft(_ size: Int, _ steps: Int) throws {
    try tiny.train("pretrain", "tiny.json", "~training.max_steps", "training.epochs=1")
    #expect(try tiny.steps(run).last == 7)
    try tiny.train("resume", run, "training.epochs=2", "training.batch_size=\(size)")
    #expect(try tiny.steps(run).last == steps)
    #expect(try tiny.contents(run, step: steps).attributes[1]["samples"]?.integer == 52)
    #expect(try tiny.folder.text(of: "\(run)/environment.json").contains("\"steps\": \(steps),"))
    #expect(try Binary.run(["watch", run, "--once"], in: tiny.folder).results.contains("finished"))
    let log = try tiny.train("resume", run)
    #expect(log.contains("it has taken its \(steps) steps; `train resume \(run) training.epochs=4`"), "\(log)")
  }

  /// What is left of an epoch is known only in the order in which it was begun.
  @Test(arguments: [
    ("seed=8", "the samples come in another order from here on"),
    ("data.sequence_length=16", "the windows are others from here on: the 12 that were read"),
  ])
  func anEpochThatIsNotReadAsItWasBegunIsSaid(_ change: String, _ words: String) throws {
    try tiny.train("pretrain", "tiny.json", "training.max_steps=3", "data.shuffle_split=false")
    #expect(try tiny.train("resume", run, "training.max_steps=5", change).contains(words))
    #expect(try !tiny.train("resume", run, "training.max_steps=6").contains("from here on"))
  }

  @Test func epochsAreExtendedInEpochs() throws {
    try tiny.train("pretrain", "tiny.json", "~training.max_steps", "training.epochs=1")
    let log = try tiny.train("resume", run)
    #expect(log.contains("`train resume \(run) training.epochs=2` makes it longer"), "\(log)")
    try tiny.train("resume", run, "training.epochs=2")
    #expect(try tiny.steps(run).last == 14)
  }
}
