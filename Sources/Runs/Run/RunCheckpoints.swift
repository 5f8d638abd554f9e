import Checkpoints
import Files
import ModelFiles
import Training

/// The checkpoints of a run: writes them, knows which is the best, and what could not be written.
struct RunCheckpoints {
  private let store: CheckpointStore
  /// Held as long as the run may write into its folder.
  private let lock: RunLock
  private let preparation: Preparation
  private let settings: Recipe.Checkpoint
  /// What makes a loss one that is far above the past ones; nil where none is.
  private let divergenceThreshold: Double?
  /// The evaluations after this step alone can be compared.
  private let measuredAfter: Int
  /// The step of the newest checkpoint; nil if there is none.
  private(set) var savedStep: Int?
  /// Why the newest checkpoint could not be written; nil if it could.
  private(set) var failure: Failure?

  /// Whether a step has shown that the newest checkpoint is good, and those that are not kept are gone.
  private var isPruned = true

  /// The checkpoint with the lowest evaluation loss and that loss, where such a one is kept.
  private var best: (step: Int, loss: Double)?

  /// The checkpoints of a run in `folder`, the newest of which is that of `savedStep`. What a stop or a copy has left of the
  /// links is mended.
  ///
  /// - Parameter state: that of the newest checkpoint. Its `bestLoss` is the loss of what `best` leads to, by the measure of then,
  ///   for checkpoints of versions that did not write it beside each.
  init(
    _ folder: RunFolder, _ lock: RunLock, _ preparation: Preparation, _ recipe: Recipe, savedStep: Int?,
    _ state: TrainingState
  ) throws(Failure) {
    store = CheckpointStore(run: folder.path)
    self.lock = lock
    self.preparation = preparation
    (settings, divergenceThreshold) = (recipe.checkpoint, recipe.training.divergenceThreshold)
    measuredAfter = state.measuredAfter
    self.savedStep = savedStep
    guard let savedStep else { return }
    if settings.keepBest {
      best = try storedBest(upTo: savedStep)
      if best == nil, let bestLoss = state.bestLoss, let step = try store.bestStep(), step <= savedStep {
        best = (step, measuredAfter < 0 ? bestLoss : .infinity)
      }
    }
    try tidy(state)
  }

  /// Whether a loss is lower than that of every checkpoint that is kept, so that its model is to be saved.
  func isBest(_ loss: Double?) -> Bool { settings.keepBest && loss.map { $0 < best?.loss ?? .infinity } ?? false }

  /// Saves a checkpoint of the trainer at `state`. The result is what went wrong: the next one may succeed.
  ///
  /// - Parameter loss: the evaluation loss of the step, if it was evaluated.
  mutating func save(_ trainer: Trainer, _ state: TrainingState, loss: Double?) -> Failure? {
    do throws(Failure) {
      try write(trainer, state, loss: loss)
      savedStep = state.step
      if let loss, isBest(loss) { best = (state.step, loss) }
      try tidy(state)
      failure = nil
    } catch {
      failure = error
    }
    return failure
  }

  private func write(_ trainer: Trainer, _ state: TrainingState, loss: Double?) throws(Failure) {
    defer {
      // Whatever happens, the other ranks stop sending their parts.
      do throws(Failure) { try trainer.endMoments() } catch { trainer.ranks.abort(error) }
    }
    try lock.check()
    try trainer.checkFinite()
    let parts = ModelFile.Parts(
      preparation.configuration, tokenizer: preparation.text.tokenizer, chatTemplate: preparation.text.jinja,
      endTokens: preparation.text.endTokens, beginningToken: preparation.beginningToken, step: state.step)
    let model =
      preparation.adapter.map {
        (AdapterFile.name, AdapterFile.contents(trainer.model, parts, $0.settings, base: $0.base, digest: $0.digest))
      } ?? (ModelFile.name, ModelFile.contents(trainer.model, parts))
    try store.save(
      step: state.step, files: [model, (TrainingState.fileName, state.contents(trainer))],
      extra: [JSONMember("core_type", JSONValue(state.coreType))]
        + (state.reference.map { [JSONMember(EvaluatedRun.referenceKey, JSONValue($0))] } ?? [])
        + (loss.map { [JSONMember(CheckpointStore.lossKey, JSONValue($0))] } ?? []))
  }

  /// The newest checkpoint that is known to be good: by the step after it, whose loss is that of the model before its update, or
  /// by its evaluation. In a stretch of losses far above the past ones it is from before the first of them, unless it was evaluated
  /// and its loss is none of those: the best of ruined models is no good one.
  func lastGood(_ state: TrainingState) throws(Failure) -> Int? {
    let proven = try store.steps().last { $0 < state.step - state.history.unsteady }
    let evaluated = best.flatMap { best -> Int? in
      let isFar = divergenceThreshold.map { state.history.isFar(best.loss, threshold: $0) } ?? false
      return state.history.unsteady > 0 && isFar ? nil : best.step
    }
    return [proven, evaluated].compactMap { $0 }.max()
  }

  /// The best checkpoint up to a step. One of another measure stays, as if its loss were infinite, until there is one of this one.
  private func storedBest(upTo last: Int) throws(Failure) -> (step: Int, loss: Double)? {
    if let best = try store.best(after: measuredAfter, upTo: last) { return best }
    return try store.best(upTo: last).map { (step: $0.step, loss: .infinity) }
  }

  /// Points the links to where they belong after a step, and deletes checkpoints that are not kept.
  private mutating func tidy(_ state: TrainingState) throws(Failure) {
    guard let savedStep else { return }
    // Somebody may have removed the best one by hand.
    if let kept = best, try !store.steps().contains(kept.step) { best = try storedBest(upTo: savedStep) }
    try store.link(latest: savedStep, best: best?.step)
    try prune(keepingToo: lastGood(state))
  }

  /// Deletes checkpoints that are not kept. The last good one stays: a model that turns out to be ruined must not have taken its
  /// place.
  private mutating func prune(keepingToo good: Int?) throws(Failure) {
    guard let savedStep else { return }
    try store.prune(keepLast: settings.keepLast, keeping: [best?.step, good].compactMap { $0 }, upTo: savedStep)
    isPruned = good == savedStep
  }

  /// Deletes what waited for a step to show that the newest checkpoint is good, or for the end of the run.
  mutating func settle(_ state: TrainingState, isAtEnd: Bool = false) throws(Failure) {
    guard !isPruned, state.history.unsteady == 0 else { return }
    try prune(keepingToo: isAtEnd ? savedStep : lastGood(state))
  }

  /// Deletes the checkpoints of a model that has diverged, so that the run goes on from the last good one; none where there is
  /// no such one.
  mutating func discardDiverged(_ state: TrainingState) throws(Failure) {
    guard let good = try lastGood(state), let newest = savedStep, good < newest else { return }
    try store.link(latest: good, best: best?.step)
    try store.discard(after: good, upTo: newest)
    savedStep = good
  }
}
