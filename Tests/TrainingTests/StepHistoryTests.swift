import Testing
import Training

@Suite struct StepHistoryTests {
  private func history(_ losses: [Double], norms: [Double]? = nil) -> StepHistory {
    var history = StepHistory()
    for (loss, norm) in zip(losses, norms ?? losses.map { _ in 1 }) {
      history.record(loss: loss, norm: norm, isFar: false, isSkipped: false)
    }
    return history
  }

  /// 2.0, 2.1, ... 2.4 and again: a median of 2.2, a median distance of 0.1 from it, and a floor of 0.1 + 0.11.
  @Test func farIsManyRobustDeviationsAbove() {
    let noisy = history((0..<100).map { 2 + 0.1 * Double($0 % 5) })
    #expect(!noisy.isFar(4.29, threshold: 10) && noisy.isFar(4.31, threshold: 10))
    #expect(noisy.isFar(3.3, threshold: 5) && !noisy.isFar(-100, threshold: 5))
    // A few wild steps among the past ones move neither the median nor the distance much.
    let wild = history((0..<100).map { (step: Int) -> Double in step % 10 == 9 ? 1e6 : 2 + 0.1 * Double(step % 5) })
    #expect(wild.isFar(5, threshold: 10))
    let scattered = history((0..<100).map { 1 + Double($0 % 5) })
    #expect(!scattered.isFar(17, threshold: 10) && scattered.isFar(18, threshold: 10))
  }

  /// A model that knows its data by heart may meet a harder batch.
  @Test func lossesNearNothingMayGrow() {
    #expect(!history(Array(repeating: 0.001, count: 128)).isFar(0.9, threshold: 10))
    #expect(history(Array(repeating: 0.001, count: 128)).isFar(1.1, threshold: 10))
  }

  @Test func beforeTheNoiseIsKnownOnlyTheAbsurdIsFar() {
    #expect(!StepHistory().isFar(1e9, threshold: 10))
    #expect(!history([0.3]).isFar(12, threshold: 10) && history([0.3]).isFar(13.1, threshold: 10))
    #expect(history([5.6, 5.4]).isFar(1000, threshold: 10))
  }

  @Test func spikesOfEitherNumberAreFound() {
    let past = history(
      (0..<50).map { 2 + 0.1 * Double($0 % 5) }, norms: (0..<50).map { 1 + 0.01 * Double($0 % 5) })
    // Means of 2.2 and 1.02, deviations of 0.143 and 0.0143.
    #expect(!past.isSpike(loss: 3.04, norm: 1.02, threshold: 6) && past.isSpike(loss: 3.07, norm: 1.02, threshold: 6))
    #expect(!past.isSpike(loss: 2.2, norm: 1.10, threshold: 6) && past.isSpike(loss: 2.2, norm: 1.11, threshold: 6))
    #expect(!history([2, 2, 2]).isSpike(loss: 100, norm: 100, threshold: 6))
  }

  @Test func outliersAreCountedAndNotRemembered() {
    var history = history(Array(repeating: 2, count: 130))
    #expect(history.losses.count == 128 && history.medianLoss == 2)
    for index in 1...10 {
      #expect(history.isSpike(loss: 9, norm: 1, threshold: 6))
      history.record(loss: 9, norm: 1, isFar: true, isSkipped: true)
      #expect(history.farInARow == index && history.skipped == index && history.losses.count == 128)
    }
    #expect(!history.isSpike(loss: 9, norm: 1, threshold: 6), "after ten the new level is the usual one")
    history.record(loss: 2, norm: 1, isFar: false, isSkipped: false)
    #expect(history.farInARow == 0 && history.skippedInARow == 0 && history.skipped == 10)
  }
}
