import Checkpoints
import Files
import Training

/// Where a run begins: before its first step, or where a checkpoint has left it.
struct StartingPoint {
  let state: TrainingState
  /// The steps of the run.
  let steps: Int
  /// What the user should know about a run that goes on.
  let warnings: [String]
  let notes: [String]

  /// The beginning of a run of `recipe` in `folder`; `trainer` gets the moments of the `checkpoint`.
  ///
  /// - Throws: `.data` for other data than the run began with, unless that is allowed; `.checkpoint` for a state that cannot be read;
  ///   `.recipe` where nothing is left to do with what was changed.
  init(
    of recipe: Recipe, in folder: RunFolder, _ preparation: Preparation, _ trainer: Trainer,
    resuming checkpoint: Checkpoint?, ranks: Int, allowsChangedData: Bool
  ) throws(Failure) {
    let (train, heldOut) = (preparation.data.train, preparation.data.validation)
    var state = TrainingState(
      recipe: recipe.resolved.serialized(), data: train.fingerprint,
      coreType: MatrixLibrary.coreType(in: recipe.training.precision))
    state.ranks = ranks
    state.heldOut = heldOut.map(recipe.identity(ofEvaluated:)) ?? TrainingState.nothingHeldOut
    let earlier = try checkpoint.map { (checkpoint) throws(Failure) in
      try TrainingState(reading: checkpoint.path(of: TrainingState.fileName), into: trainer)
    }
    steps = try recipe.steps(over: train, after: earlier)
    if let earlier {
      warnings = try state.resume(from: earlier, at: folder.path, allowsChangedData: allowsChangedData)
      notes = try recipe.continuation(of: earlier, over: train, in: folder.path)
    } else {
      (warnings, notes) = ([], [])
    }
    self.state = state
  }
}
