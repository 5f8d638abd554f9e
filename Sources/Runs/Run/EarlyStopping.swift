import Files

/// Ends a run whose evaluation loss has stopped falling, as transformers' `EarlyStoppingCallback` counts it.
struct EarlyStopping {
  private let settings: Recipe.Training.EarlyStopping
  /// The lowest loss so far.
  private var best: (step: Int, loss: Double)?
  /// Evaluations since then that were no lower by what counts.
  private var failures = 0

  /// What has been seen by a run whose evaluations are the rows of `metrics` after the step `first`.
  init(_ settings: Recipe.Training.EarlyStopping, metrics: String, after first: Int) throws(Failure) {
    self.settings = settings
    for row in try JSONLinesLog.rows(metrics) where row["kind"]?.string == "eval" {
      guard let step = row["step"]?.integer, step > first, let loss = row["eval_loss"]?.double else { continue }
      observe(loss, after: step)
    }
  }

  /// Whether the run is to end.
  var isDue: Bool { failures >= settings.patience }

  mutating func observe(_ loss: Double, after step: Int) {
    let lowest = best?.loss ?? .infinity
    failures = lowest - loss > settings.minimumDelta ? 0 : failures + 1
    if loss < lowest { best = (step, loss) }
  }

  /// Why the run ends.
  var note: String {
    let lowest = best.map { " than \(Progress.fixed($0.loss, 4)), that of step \($0.step)" } ?? ""
    let delta = settings.minimumDelta > 0 ? " by more than \(settings.minimumDelta)" : ""
    let count =
      settings.patience == 1
      ? "the last evaluation loss is not" : "the last \(settings.patience) evaluation losses are not"
    return "stopped early: \(count) lower\(lowest)\(delta); ~training.early_stopping goes on without such a stop"
  }
}
