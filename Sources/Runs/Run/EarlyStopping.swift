import Files

/// Ends a run whose evaluation loss has stopped falling, as transformers' `EarlyStoppingCallback` counts it: the evaluation before
/// the first step is not compared with, and each later one is, however little lower it was. The first of those fails in nothing, even
/// where it is no number.
package struct EarlyStopping {
  private let patience: Int
  private let minimumDelta: Double
  /// The lowest loss so far.
  private var best: (step: Int, loss: Double)?
  private var hasBegun = false
  /// Evaluations in a row that were no lower than the lowest before them by what counts.
  private var failures = 0

  /// What has been seen by a run whose log has `rows`, after the step `first`.
  package init(patience: Int, minimumDelta: Double, rows: [JSONValue], after first: Int = 0) {
    (self.patience, self.minimumDelta) = (patience, minimumDelta)
    for row in rows where row["kind"]?.string == "eval" {
      guard let step = row["step"]?.integer, step > first, let loss = row["eval_loss"] else { continue }
      // A loss that is no number is none that is lower.
      observe(loss.double ?? .nan, after: step)
    }
  }

  /// What a run of `recipe` in `folder` has seen after the step `first`; nil where it does not stop early.
  init?(of recipe: Recipe, in folder: RunFolder, after first: Int) throws(Failure) {
    guard let settings = recipe.training.earlyStopping else { return nil }
    self.init(
      patience: settings.patience, minimumDelta: settings.minimumDelta, rows: try JSONLinesLog.rows(folder.metrics),
      after: first)
  }

  /// Whether the run is to end.
  package var isDue: Bool { failures >= patience }

  package mutating func observe(_ loss: Double, after step: Int) {
    if step == 0 { return }
    let lowest = best?.loss ?? .infinity
    failures = !hasBegun || lowest - loss > minimumDelta ? 0 : failures + 1
    hasBegun = true
    if loss < lowest { best = (step, loss) }
  }

  /// Why the run ends.
  package var note: String {
    let lowest = best.map { "\(Progress.fixed($0.loss, 4)), that of step \($0.step)" } ?? "any before"
    let count =
      patience == 1 ? "the last evaluation loss is not" : "the last \(patience) evaluation losses are not"
    let bound =
      minimumDelta > 0 ? "the lowest before by more than \(minimumDelta); the lowest is \(lowest)" : lowest
    return "stopped early: \(count) lower than \(bound); ~training.early_stopping goes on without such a stop"
  }
}
