import Files
import Runs
import Testing

/// What transformers' `EarlyStoppingCallback` counts.
@Suite struct EarlyStoppingTests {
  private func rows(_ losses: [(step: Int, loss: JSONValue)]) -> [JSONValue] {
    losses.map { ["kind": "eval", "step": JSONValue($0.step), "eval_loss": $0.loss] }
  }

  /// With `eval_on_start` transformers measures, too, and compares nothing with it.
  @Test func theEvaluationBeforeTheFirstStepDoesNotCount() {
    var stopping = EarlyStopping(patience: 2, minimumDelta: 0, rows: rows([(0, 1)]))
    for (step, loss) in [(10, 3.0), (20, 2.5), (30, 2.6)] {
      stopping.observe(loss, after: step)
      #expect(!stopping.isDue, "\(step)")
    }
    stopping.observe(2.5, after: 40)
    #expect(stopping.isDue)
    #expect(
      stopping.note
        == "stopped early: the last 2 evaluation losses are not lower than 2.5000, that of step 20; "
        + "~training.early_stopping goes on without such a stop")
  }

  /// The lowest loss may be one of the last ones, which were lower by less than what counts.
  @Test func whatTheLossesAreComparedWithIsSaid() {
    let stopping = EarlyStopping(patience: 2, minimumDelta: 0.5, rows: rows([(10, 3), (20, 2.75), (30, 2.5)]))
    #expect(stopping.isDue)
    #expect(
      stopping.note.contains(
        "not lower than the lowest before by more than 0.5; the lowest is 2.5000, that of step 30;"), "\(stopping.note)"
    )
  }

  /// A run that is resumed counts what it had counted, losses that are no numbers among it.
  @Test func lossesThatAreNoNumbersCountOnTheWayAndAfterwards() {
    let read = EarlyStopping(patience: 2, minimumDelta: 0, rows: rows([(10, 3), (20, "nan"), (30, "nan")]))
    var live = EarlyStopping(patience: 2, minimumDelta: 0, rows: rows([(10, 3)]))
    live.observe(.nan, after: 20)
    live.observe(.nan, after: 30)
    #expect(read.isDue && live.isDue)
  }

  /// There is nothing yet that the first loss could be no lower than.
  @Test(arguments: [Double.nan, .infinity]) func theFirstLossIsNoFailure(_ first: Double) {
    var stopping = EarlyStopping(patience: 1, minimumDelta: 0, rows: rows([(0, 1)]))
    stopping.observe(first, after: 10)
    #expect(!stopping.isDue)
    var recovered = stopping
    recovered.observe(3, after: 20)
    #expect(!recovered.isDue)
    stopping.observe(first, after: 20)
    #expect(stopping.isDue)
    let read = EarlyStopping(patience: 1, minimumDelta: 0, rows: rows([(10, JSONValue(first.description))]))
    #expect(!read.isDue)
  }
}
