import Files
import Foundation
import Testing
import Training

@Suite struct ScheduleTests {
  private func schedule(_ keys: String) throws -> Schedule {
    let text = RecipeFixture.text(replacing: #""name": "cosine", "warmup_steps": 5"#, with: keys)
    return try RecipeFixture.decode(text).schedule
  }

  /// `math.ceil(steps * ratio)`, as transformers has it.
  @Test func aShareOfTheStepsWarmsUp() throws {
    let schedule = try schedule(#""name": "constant", "warmup_ratio": 0.1"#)
    #expect([1, 10, 11, 30, 100].map { schedule.warmup(of: $0) } == [1, 1, 2, 3, 10])
    #expect((0..<4).map { schedule.learningRate(at: $0, of: 30, peak: 3) } == [1, 2, 3, 3])
    let both = #""name": "constant", "warmup_ratio": 0.1, "warmup_steps": 2"#
    #expect(throws: Failure.self) { try self.schedule(both) }
  }

  @Test func warmUpRisesToThePeak() throws {
    let schedule = try schedule(#""name": "constant", "warmup_steps": 4"#)
    let rates = (0..<6).map { schedule.learningRate(at: $0, of: 100, peak: 1) }
    #expect(rates == [0.25, 0.5, 0.75, 1, 1, 1])
  }

  @Test func cosineReachesTheMinimumAtTheEnd() throws {
    let schedule = try schedule(#""name": "cosine", "warmup_steps": 20, "min_learning_rate": 3e-4"#)
    func rate(_ step: Int) -> Double { schedule.learningRate(at: step, of: 400, peak: 3e-3 / 3) }
    #expect(rate(19) == 1e-3)
    #expect(abs(rate(20) - 1e-3) < 1e-18)
    #expect(abs(rate(210) - 6.5e-4) < 1e-18)
    #expect(rate(400) == 3e-4)
    #expect(rate(500) == 3e-4)
    #expect((20..<400).allSatisfy { rate($0) > rate($0 + 1) })
    // A quarter of the way: 3e-4 + 7e-4 (1 + cos(pi / 4)) / 2.
    #expect(abs(rate(115) - 0.000_897_487_373_4) < 1e-13)
  }

  @Test func linearFallsEvenly() throws {
    let schedule = try schedule(#""name": "linear""#)
    #expect((0...4).map { schedule.learningRate(at: $0, of: 4, peak: 8) } == [8, 6, 4, 2, 0])
  }

  @Test func wsdDecaysInItsLastSteps() throws {
    let fraction = try schedule(#""name": "wsd", "warmup_steps": 1, "decay_fraction": 0.4"#)
    #expect((0...10).map { fraction.learningRate(at: $0, of: 10, peak: 4) } == [4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0])
    let steps = try schedule(#""name": "wsd", "decay_steps": 2, "min_learning_rate": 1e-4"#)
    #expect(steps.learningRate(at: 8, of: 10, peak: 1e-3) == 1e-3)
    #expect(abs(steps.learningRate(at: 9, of: 10, peak: 1e-3) - 5.5e-4) < 1e-18)
  }

  @Test func aWarmUpAsLongAsTheRunNeverDecays() throws {
    let schedule = try schedule(#""name": "cosine", "warmup_steps": 100"#)
    #expect(schedule.learningRate(at: 99, of: 100, peak: 1) == 1)
    #expect(schedule.learningRate(at: 100, of: 100, peak: 1) == 1)
  }
}
