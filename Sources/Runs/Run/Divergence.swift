import Checkpoints
import Files
import Training

/// When a run has diverged: its loss has stayed far above its own past.
enum Divergence {
  /// So many steps in a row end a run; at its end a few do.
  private static let patience = 10
  private static let patienceAtEnd = 3

  /// Whether a run has diverged, after a step or at its end.
  static func isReached(_ state: TrainingState, _ settings: Recipe.Training, isAtEnd: Bool) -> Bool {
    let patience = isAtEnd ? patienceAtEnd : patience
    return settings.divergenceThreshold != nil && state.history.farInARow >= patience
      && state.history.medianLoss != nil
  }

  /// The failure of a run that has diverged.
  static func failure(_ state: TrainingState, _ checkpoints: RunCheckpoints) throws(Failure) -> Failure {
    let usual = state.history.medianLoss ?? .nan
    let first = state.step - state.history.farInARow + 1
    let good = try checkpoints.lastGood(state)
    return Failure(
      .numerics, "the loss has diverged", at: "step \(first)",
      notes: [
        "it has stayed far above \(Progress.fixed(usual, 4)), its median before, for \(state.history.farInARow) steps",
        good.map { "the last good checkpoint is \(CheckpointStore.folderName(step: $0))" }
          ?? "no checkpoint was written before it",
        "lower optimizer.learning_rate or lengthen schedule.warmup_steps",
        "training.divergence_threshold raises the bound; 0 lets the run go on",
      ])
  }

  /// What the user should know of a run whose last steps, too few to say that it has diverged, were far above the past ones.
  static func warning(_ state: TrainingState, _ checkpoints: RunCheckpoints) throws(Failure) -> String? {
    guard state.history.farInARow > 0, let usual = state.history.medianLoss else { return nil }
    let good = try checkpoints.lastGood(state)
    return
      "warning: the loss of the last \(state.history.farInARow) steps is far above \(Progress.fixed(usual, 4)), its median "
      + "before"
      + (good.map { "; \(CheckpointStore.folderName(step: $0)) is from before them" } ?? "")
  }
}
