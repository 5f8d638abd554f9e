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
  /// The step of the newest checkpoint; nil if there is none.
  private(set) var savedStep: Int?
  /// Why the newest checkpoint could not be written; nil if it could.
  private(set) var failure: Failure?

  /// The checkpoint with the lowest evaluation loss and that loss, where such a one is kept.
  private var best: (step: Int, loss: Double)?

  /// The checkpoints of a run in `folder`, the newest of which is that of `savedStep`. What a stop or a copy has left of the
  /// links is mended.
  ///
  /// - Parameter bestLoss: the loss of what `best` leads to, for checkpoints of versions that did not write it beside each.
  init(
    _ folder: RunFolder, _ lock: RunLock, _ preparation: Preparation, _ settings: Recipe.Checkpoint, savedStep: Int?,
    bestLoss: Double?
  ) throws(Failure) {
    store = CheckpointStore(run: folder.path)
    self.lock = lock
    self.preparation = preparation
    self.settings = settings
    self.savedStep = savedStep
    guard let savedStep else { return }
    if settings.keepBest {
      best = try store.best(upTo: savedStep)
      if best == nil, let bestLoss, let step = store.bestStep, step <= savedStep { best = (step, bestLoss) }
    }
    try tidy(savedStep)
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
      try tidy(state.step)
      failure = nil
    } catch {
      failure = error
    }
    return failure
  }

  private func write(_ trainer: Trainer, _ state: TrainingState, loss: Double?) throws(Failure) {
    try lock.check()
    try trainer.checkFinite()
    let model = ModelFile.contents(
      trainer.model, preparation.configuration, tokenizer: preparation.text.tokenizer,
      chatTemplate: preparation.text.jinja, endTokens: preparation.text.endTokens,
      beginningToken: preparation.beginningToken, step: state.step)
    try store.save(
      step: state.step, files: [(ModelFile.name, model), (TrainingState.fileName, state.contents(trainer))],
      extra: [JSONMember("core_type", JSONValue(state.coreType))]
        + (state.reference.map { [JSONMember(EvaluatedRun.referenceKey, JSONValue($0))] } ?? [])
        + (loss.map { [JSONMember(CheckpointStore.lossKey, JSONValue($0))] } ?? []))
  }

  /// Points the links to where they belong after the checkpoint of a step, and deletes those that are not kept.
  private mutating func tidy(_ step: Int) throws(Failure) {
    // Somebody may have removed the best one by hand.
    if let kept = best, try !store.steps().contains(kept.step) { best = try store.best(upTo: step) }
    try store.link(latest: step, best: best?.step)
    try store.prune(keepLast: settings.keepLast, best: best?.step, upTo: step)
  }
}
