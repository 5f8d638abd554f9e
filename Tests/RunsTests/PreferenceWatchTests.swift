import Runs
import Testing
import Training

@Suite struct PreferenceWatchTests {
  private func measures(accuracy: Double = 0.5, chosen: Double = -100, margin: Double = 0.1) -> Measures {
    var measures = Measures()
    measures.add(Measure("rewards/accuracies", sum: 4 * accuracy, weight: 4))
    measures.add(Measure("rewards/margins", sum: 4 * margin, weight: 4))
    measures.add(Measure("logps/chosen", sum: 4 * chosen, weight: 4))
    return measures
  }

  @Test func aRunOfPerfectStepsIsSaidOnce() {
    var watch = PreferenceWatch()
    func told(_ steps: Int, accuracy: Double) -> [String] {
      (0..<steps).flatMap { _ in watch.observe(measures(accuracy: accuracy)) }
    }
    #expect(told(29, accuracy: 1) == [] && told(1, accuracy: 0.75) == [] && told(29, accuracy: 1) == [])
    let notes = told(1, accuracy: 1)
    #expect(notes.count == 1 && notes[0].hasPrefix("warning: all pairs of the last 30 steps"), "\(notes)")
    #expect(told(1, accuracy: 0.75) == [] && told(60, accuracy: 1) == [])
  }

  /// From -100 to below -160, half as much again and ten.
  @Test func chosenAnswersThatFallAreSaidOnce() {
    var watch = PreferenceWatch()
    #expect(watch.observe(measures()) == [] && watch.observe(measures(chosen: -159)) == [])
    let notes = watch.observe(measures(chosen: -161))
    #expect(notes.count == 1 && notes[0].contains("fallen from -100.0 to -161.0"), "\(notes)")
    #expect(watch.observe(measures(chosen: -200)) == [])
  }

  @Test func aNegativeMarginOfTheHeldOutPairsIsSaid() {
    var watch = PreferenceWatch()
    #expect(watch.observe(evaluation: measures(margin: 0), step: 1) == [])
    #expect(watch.observe(evaluation: measures(margin: -0.25), step: 2).count == 1)
    #expect(watch.observe(evaluation: measures(margin: -0.5), step: 3) == [])
  }

  /// Before the first step a model is its own reference, but for the order of sums.
  @Test func aMarginBeforeTheFirstStepIsNoWarning() {
    var watch = PreferenceWatch()
    #expect(watch.observe(evaluation: measures(margin: -1e-6), step: 0) == [])
    #expect(watch.observe(evaluation: measures(margin: -1e-6), step: 1).count == 1)
  }

  /// KTO's answers have labels and no order.
  @Test func aNegativeMarginOfAnswersWithoutPartnersIsSaid() {
    var (watch, unpaired) = (PreferenceWatch(), Measures())
    unpaired.add(Measure("rewards/margins", sum: -1, weight: 4))
    let notes = watch.observe(evaluation: unpaired, step: 1)
    #expect(notes.count == 1 && notes[0].contains("the data's labels") && !notes[0].contains("pairs"), "\(notes)")
  }

  @Test func otherObjectivesAreNotWatched() {
    var (watch, other) = (PreferenceWatch(), Measures())
    other.add(Measure("loss", sum: 3, weight: 1))
    #expect(watch.observe(other) == [] && watch.observe(evaluation: other, step: 1) == [])
  }
}
