import Corpus
import Files
import Training

/// How long a run is, and what a changed length means for one that goes on.
extension Recipe {
  /// The batches that a run reads of `data`.
  func batches(of data: any SampleLoader) -> EpochBatches {
    EpochBatches(of: training.batchSize, outOf: data.order.count)
  }

  /// The steps of the run over `data`, from where `earlier` stopped: what it read with batches of another size counts as well.
  ///
  /// - Throws: `.recipe` for more epochs than can be counted, and for a warm-up that is longer than the run.
  func steps(over data: any SampleLoader, after earlier: TrainingState? = nil) throws(Failure) -> Int {
    let batches = batches(of: data)
    var steps: Int? =
      switch training.duration {
      case .steps(let steps): steps
      case .tokens(let tokens): batches.steps(ofTokens: tokens, of: data)
      case .epochs(let epochs): batches.steps(ofEpochs: epochs)
      }
    // Of more steps than anybody takes the samples are not counted.
    if let whole = steps, whole < 1 << 40, let earlier, earlier.step > 0, !isCountedInSteps {
      steps = earlier.step + batches.steps(from: earlier.samples, to: batches.consumed(after: whole))
    }
    guard let steps else { throw Failure(.recipe, "training.epochs are more steps than can be counted") }
    guard schedule.warmupSteps <= steps else {
      throw Failure(
        .recipe, "warmup_steps (\(schedule.warmupSteps)) must not exceed the \(steps) steps of the run",
        notes: ["an epoch is \(batches.count.counted("step"))", "lower schedule.warmup_steps, or train longer"])
    }
    return steps
  }

  private var isCountedInSteps: Bool { if case .steps = training.duration { true } else { false } }

  /// The steps of the run; the data is opened, and prepared where it is not yet, if they depend on it.
  package func countedSteps(note: (String) -> Void) throws(Failure) -> Int {
    if case .steps(let steps) = training.duration { return steps }
    return try steps(over: Preparation(self, note: note).data.train)
  }

  /// The learning rate of step index `step` of a run of `steps`.
  func learningRate(at step: Int, of steps: Int) -> Double {
    schedule.learningRate(at: step, of: steps, peak: optimizer.learningRate)
  }

  /// What the user should know about a run that goes on from an earlier state: that it is finished, or where its learning rate
  /// jumps to because its schedule is another one now, or that an epoch is not read as it was begun.
  ///
  /// - Throws: `.recipe` where what was changed would change nothing, because the run has taken all its steps.
  func continuation(
    of earlier: TrainingState, over data: any SampleLoader, in folder: String
  ) throws(Failure) -> [String] {
    let (steps, taken) = (try steps(over: data, after: earlier), earlier.step)
    if taken >= steps {
      let longer = "`train resume \(folder) \(longerRun(than: earlier, over: data))` makes it longer"
      if overrides.isEmpty { return ["the run is finished: it has taken its \(steps) steps; \(longer)"] }
      throw Failure(
        .recipe, "the run has taken \(taken) steps, so that nothing is left to do with the changes", at: folder,
        notes: ["with them it is \(steps) steps long", longer])
    }
    // What an earlier version wrote may not be a recipe any more.
    guard taken > 0, let before = try? Recipe(Array(earlier.recipe.utf8), source: "resolved.json") else { return [] }
    return precisionChange(since: before) + orderChange(since: before, earlier, over: data)
      + rateChange(since: before, earlier, over: data, of: steps)
  }

  /// An epoch is one pass over the data where the number of samples consumed says which ones they were.
  private func orderChange(
    since before: Recipe, _ earlier: TrainingState, over samples: any SampleLoader
  ) -> [String] {
    let isCutAlike = data.sequenceLength == before.data.sequenceLength && data.packing == before.data.packing
    if examples == .windows, !isCutAlike {
      return [
        "the windows are others from here on: the \(earlier.samples) that were read count as so many of the new ones, and the epoch that "
          + "was begun is no whole pass"
      ]
    }
    let isOrderedAlike = data.shuffle == before.data.shuffle && (seed == before.seed || !data.shuffle)
    if isOrderedAlike || earlier.samples.isMultiple(of: samples.order.count) { return [] }
    return [
      "the samples come in another order from here on: of the epoch that was begun some are read twice and others not at all"
    ]
  }

  private func precisionChange(since before: Recipe) -> [String] {
    let (old, new) = (before.training.precision.rawValue, training.precision.rawValue)
    return old == new ? [] : ["the products' precision goes from \(old) to \(new)"]
  }

  private func rateChange(
    since before: Recipe, _ earlier: TrainingState, over data: any SampleLoader, of steps: Int
  ) -> [String] {
    let taken = earlier.step
    guard let length = try? before.steps(over: data, after: earlier) else { return [] }
    let (last, next) = (before.learningRate(at: taken - 1, of: length), learningRate(at: taken, of: steps))
    let expected = before.learningRate(at: taken, of: length)
    if abs(next - expected) <= 1e-9 * max(next, expected) { return [] }
    return [
      "the learning rate goes from \(Progress.scientific(last)) to \(Progress.scientific(next)): "
        + "its schedule is now one of \(steps) steps"
    ]
  }

  /// The change that makes a run about twice as long.
  private func longerRun(than earlier: TrainingState, over data: any SampleLoader) -> String {
    // A number that a damaged file names must not overflow.
    func twice(_ count: Int) -> Int { 2 * min(count, 1 << 60) }
    switch training.duration {
    case .steps: return "training.max_steps=\(twice(earlier.step))"
    case .tokens: return "training.tokens=\(twice(earlier.tokens))"
    case .epochs:
      let epochs = Double(twice(earlier.samples)) / Double(data.order.count)
      return "training.epochs=\(Progress.fixed(epochs.rounded(.up), 0))"
    }
  }
}
