import Runs
import Testing

@Suite struct ProgressTests {
  @Test func aLineSaysWhatARunnerWantsToKnow() {
    let report = StepReport(
      step: 20, loss: 2.34567, learningRate: 2.94e-3, tokensPerSecond: 16612.4, shareOfPeak: 0.617)
    #expect(
      Progress.line(report, of: 400, remaining: .seconds(80))
        == "step  20/400  loss 2.3457  rate 2.9e-3  16612 tok/s  62% of peak  1m20s left")
    let last = StepReport(step: 400, loss: .nan, learningRate: 0, tokensPerSecond: 1)
    #expect(Progress.line(last, of: 400, remaining: .zero) == "step 400/400  loss nan  rate 0.0  1 tok/s")
  }

  @Test(arguments: [
    (0, "0s"), (59, "59s"), (60, "1m00s"), (3599, "59m59s"), (3600, "1h00m"), (86399, "23h59m"), (90000, "1d01h"),
  ])
  func durations(_ seconds: Int, _ text: String) { #expect(Progress.duration(.seconds(seconds)) == text) }

  @Test func numbers() {
    #expect(Progress.fixed(1.005, 1) == "1.0")
    #expect(Progress.fixed(-0.04, 1) == "0.0")
    #expect(Progress.fixed(-2.06, 1) == "-2.1")
    #expect(Progress.fixed(9.999, 2) == "10.00")
    #expect(Progress.fixed(1e300, 2) == "1e+300")
    #expect(Progress.scientific(3e-4) == "3.0e-4")
    #expect(Progress.scientific(9.96e-4) == "1.0e-3")
    #expect(Progress.scientific(1) == "1.0e0")
    #expect(Progress.scientific(123) == "1.2e2")
  }
}
