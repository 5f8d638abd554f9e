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

  /// The checkpoints of a run in `folder`, the newest of which is that of `savedStep`.
  init(
    _ folder: RunFolder, _ lock: RunLock, _ preparation: Preparation, _ settings: Recipe.Checkpoint, savedStep: Int?
  ) {
    store = CheckpointStore(run: folder.path)
    self.lock = lock
    self.preparation = preparation
    self.settings = settings
    self.savedStep = savedStep
  }

  /// Saves a checkpoint of the trainer at `state`. The result is what went wrong: the next one may succeed.
  ///
  /// - Parameter loss: the evaluation loss of the step, if it was evaluated. If it is the lowest so far, it becomes the
  ///   best one of `state`.
  mutating func save(_ trainer: Trainer, _ state: inout TrainingState, loss: Double?) -> Failure? {
    let isBest = loss.map { $0 < state.bestLoss ?? .infinity } ?? false
    let earlierBest = state.bestLoss
    if isBest { state.bestLoss = loss }
    do throws(Failure) {
      try write(trainer, state, isBest: isBest)
      savedStep = state.step
      failure = nil
    } catch {
      state.bestLoss = earlierBest
      failure = error
    }
    return failure
  }

  private func write(_ trainer: Trainer, _ state: TrainingState, isBest: Bool) throws(Failure) {
    let model = ModelFile.contents(
      trainer.model, preparation.configuration, tokenizer: preparation.text.tokenizer,
      chatTemplate: preparation.text.jinja, endTokens: preparation.text.endTokens,
      beginningToken: preparation.beginningToken, step: state.step)
    try store.save(
      step: state.step, files: [(ModelFile.name, model), (TrainingState.fileName, state.contents(trainer))],
      extra: [JSONMember("core_type", JSONValue(state.coreType))])
    if isBest { try store.markBest(step: state.step) }
    try store.prune(keepLast: settings.keepLast, keepBest: settings.keepBest, upTo: state.step)
  }
}
