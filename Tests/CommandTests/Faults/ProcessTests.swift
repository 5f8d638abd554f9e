import Foundation
import Support
import Testing

/// Signals at any moment, and two processes at once.
@Suite(.serialized) struct ProcessTests {
  @Test func signalsAtAnyMoment() throws {
    let scenario = try FaultFixture.pretraining()
    var generator = SeededGenerator(seed: 11)
    let signals: [[Int32]] = [
      [SIGTERM], [SIGINT], [SIGHUP], [SIGKILL], [SIGUSR1], [SIGTERM, SIGTERM], [SIGUSR1, SIGTERM],
    ]
    let start = ContinuousClock.now
    _ = try Binary.run(scenario.arguments, in: scenario.copy())
    let length = (ContinuousClock.now - start) / .milliseconds(1)
    let trials = (0..<(FaultShim.isLong ? 300 : 21)).map { index in
      Trial(signals: signals[index % signals.count], delay: .random(in: 0...max(1, length), using: &generator))
    }
    FaultShim.forEach(trials) { trial in
      let folder = try scenario.copy()
      let running = try Binary.started(scenario.arguments, in: folder)
      usleep(UInt32(1000 * trial.delay))
      for signal in trial.signals where running.process.isRunning {
        kill(running.process.processIdentifier, signal)
        usleep(1000)
      }
      running.process.waitUntilExit()
      let outcome = try running.outcome()
      let what: Comment = "\(trial): \(outcome.code) \(outcome.log)"
      #expect(([0] + trial.signals.map { 128 + $0 }).contains(outcome.code), what)
      try scenario.goOn(in: folder, after: outcome, what)
      #expect(FaultScenario.differences(try scenario.state(folder), scenario.expected) == [], what)
    }
  }

  private struct Trial: Sendable {
    var signals: [Int32]
    var delay: Double
  }

  /// One of two trains, and the other one says who does; or the second comes when the first has ended.
  @Test func twoProcessesOnOneRun() throws {
    let scenario = try FaultFixture.pretraining()
    for _ in 0..<(FaultShim.isLong ? 20 : 3) {
      let folder = try scenario.copy()
      let running = try (0..<2).map { _ in try Binary.started(scenario.arguments, in: folder) }
      for process in running { process.process.waitUntilExit() }
      let outcomes = try running.map { try $0.outcome() }
      #expect(outcomes.contains { $0.code == 0 }, "\(outcomes)")
      for outcome in outcomes where outcome.code != 0 {
        #expect(outcome.code == 6 && outcome.log.contains("is in use by process"), "\(outcome)")
      }
      #expect(FaultScenario.differences(try scenario.state(folder), scenario.expected) == [])
    }
  }

  /// Each of several runs over the same text ends well, and one of them has prepared it.
  @Test func processesThatNeedTheSameData() throws {
    let scenario = try FaultFixture.preparing()
    for _ in 0..<(FaultShim.isLong ? 20 : 3) {
      let folder = try scenario.copy()
      let running = try (0..<4).map { _ in try Binary.started(scenario.arguments, in: folder) }
      for process in running { process.process.waitUntilExit() }
      for process in running {
        let outcome = try process.outcome()
        #expect(outcome.code == 0, "\(outcome)")
      }
      #expect(FaultScenario.differences(try scenario.state(folder), scenario.expected) == [])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder("data/.cache/corpora")).count == 1)
    }
  }

  /// Where no further thread can be started a run does its work with the one it has.
  @Test(.needsFaultShim, .timeLimit(.minutes(2))) func withoutThreads() throws {
    let scenario = try FaultFixture.pretraining()
    let folder = try scenario.copy()
    let environment = ["FAULT_THREADS": "0", "LD_PRELOAD": FaultShim.library ?? ""]
    let outcome = try Binary.run(scenario.arguments + ["threads=2"], in: folder, environment: environment)
    #expect(outcome.code == 0, "\(outcome)")
    #expect(try scenario.state(folder)["step-000004/model.h5"] == scenario.expected["step-000004/model.h5"])
  }
}
