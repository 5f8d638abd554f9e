import Foundation
import Support
import Testing

/// A machine that loses its power at any moment: what a command synchronised is enough to go on from.
@Suite(.serialized, .needsFaultShim) struct PowerLossTests {
  private func lose(_ scenario: FaultScenario, few: Int) throws {
    let folder = try scenario.copy()
    let record = try ScratchFolder()
    let environment = ["FAULT_RECORD": record("record"), "LD_PRELOAD": FaultShim.library ?? ""]
    let outcome = try Binary.run(scenario.arguments, in: folder, environment: environment)
    #expect(outcome.code == 0)
    let changes = try RecordedDisk.changes(record("record"))
    #expect(changes.count > 20)
    let root = try #require(changes.first { $0.path.contains("/runs/") || $0.path.contains("/data/") }).path
      .components(separatedBy: "/runs/")[0].components(separatedBy: "/data/")[0]
    let trials = FaultShim.numbers(upTo: changes.count, few: few).flatMap { number in
      RecordedDisk.Loss.allCases.map { Trial(number: number, loss: $0) }
    }
    FaultShim.forEach(trials) { trial in
      let disk = try RecordedDisk(scenario.template.path, as: root)
      for change in changes.prefix(trial.number) { disk.make(change) }
      let after = try ScratchFolder(inMemory: true)
      try disk.write(to: after.path, losing: trial.loss)
      let what: Comment = "\(scenario.name), \(trial)"
      try scenario.goOn(in: after, after: nil, what)
      #expect(FaultScenario.differences(try scenario.state(after), scenario.expected) == [], what)
    }
  }

  private struct Trial: Sendable {
    var number: Int
    var loss: RecordedDisk.Loss
  }

  @Test func aRunGoesOnFromWhatWasSynchronised() throws {
    try lose(FaultFixture.pretraining(), few: 14)
  }

  @Test func aPreparationGoesOnFromWhatWasSynchronised() throws {
    try lose(FaultFixture.preparing(), few: 6)
  }
}
