import Runs
import Testing

@Suite struct ProgressTests {
  @Test func aLineSaysWhatARunnerWantsToKnow() {
    let report = StepReport(
      step: 20, loss: 2.34567, learningRate: 2.94e-3, tokensPerSecond: 16612.4, shareOfPeak: 0.617)
    #expect(
      Progress.line(report, of: 400, remaining: .seconds(80))
        == "step  20/400  loss 2.3457  rate 2.9e-3  16612 tok/s  62% of peak  1m20s left")
    let pairs = StepReport(
      step: 3, loss: 0.5, learningRate: 1e-3, tokensPerSecond: 10, preference: (margin: 0.25, accuracy: 0.75))
    #expect(
      Progress.line(pairs, of: 3, remaining: nil)
        == "step 3/3  loss 0.5000  margin 0.2500  accuracy 75%  rate 1.0e-3  10 tok/s")
    let last = StepReport(step: 400, loss: .nan, learningRate: 0, tokensPerSecond: 1)
    #expect(Progress.line(last, of: 400, remaining: .zero) == "step 400/400  loss nan  rate 0.0  1 tok/s")
  }

  @Test func workThatCanBeCounted() {
    #expect(WorkProgress.line("piqa", 0, of: 1838, "questions", after: .seconds(1)) == "piqa: 0 of 1838 questions")
    #expect(
      WorkProgress.line("piqa", 100, of: 1000, "questions", after: .seconds(10))
        == "piqa: 100 of 1000 questions, 1m30s left")
  }

  @Test func samplesAreSetApart() {
    #expect(
      SampleText.text(prompt: "Once\nupon", " a time\nend", isAnswer: false, step: 7, inColour: false)
        == "sample after step 7:\n  | Once\n  | upon a time\n  | end")
    #expect(
      SampleText.text(prompt: "Why?", "So\u{1B}[31m.", isAnswer: true, step: 7, inColour: false)
        == "sample after step 7:\n  | > Why?\n  | So^[[31m.")
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
