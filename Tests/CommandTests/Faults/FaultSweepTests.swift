import Foundation
import Support
import Testing

/// What the operating system can do to a command at any of its calls: after each fault, resuming or giving the command again
/// leads to the same bits, no error of the machine is taken for a damaged file, and nothing ends by a signal of its own.
///
/// Some calls are tried by default; `Tests/faults/run --long` tries every one.
@Suite(.serialized, .needsFaultShim) struct FaultSweepTests {
  private func sweep(_ scenario: FaultScenario, _ action: Fault.Action, _ calls: String, few: Int) throws {
    let numbers = FaultShim.numbers(upTo: try scenario.count(calls), few: few)
    FaultShim.forEach(numbers) { try scenario.tryOut(Fault(action: action, calls: calls, number: $0)) }
  }

  @Test func runsSurviveBeingKilled() throws {
    let pretraining = try FaultFixture.pretraining()
    try sweep(pretraining, .kill, "w", few: 40)
    try sweep(pretraining, .half, "w", few: 6)
    try sweep(FaultFixture.resuming(), .kill, "w", few: 12)
    try sweep(FaultFixture.preferences(), .kill, "w", few: 12)
    for scenario in try FaultFixture.tuning() { try sweep(scenario, .kill, "w", few: 8) }
  }

  @Test func runsSurviveTheMachinesErrors() throws {
    for scenario in [try FaultFixture.pretraining(), try FaultFixture.resuming(), try FaultFixture.preferences()]
      + (try FaultShim.isLong ? FaultFixture.tuning() : [])
    {
      try sweep(scenario, .error(ENOSPC), "w", few: 5)
      try sweep(scenario, .error(EIO), "wor", few: 8)
      try sweep(scenario, .error(EMFILE), "wo", few: 4)
      try sweep(scenario, .error(EINTR), "wor", few: 5)
      try sweep(scenario, .short, "wr", few: 4)
      try sweep(scenario, .lasting(ENOSPC), "w", few: 4)
    }
  }

  @Test func preparationsSurvive() throws {
    let scenario = try FaultFixture.preparing()
    try sweep(scenario, .kill, "w", few: 20)
    try sweep(scenario, .error(EIO), "wor", few: 15)
    try sweep(scenario, .error(EINTR), "wor", few: 10)
    try sweep(scenario, .short, "wr", few: 10)
    try sweep(scenario, .lasting(ENOSPC), "w", few: 8)
  }

  @Test func filesOfModelsSurvive() throws {
    for scenario in try FaultFixture.interchange() {
      if !scenario.results.isEmpty {
        try sweep(scenario, .kill, "w", few: 8)
        try sweep(scenario, .error(ENOSPC), "w", few: 4)
      }
      // Few reads of HDF5 are those after whose failure the library would crash: here every one is tried.
      try sweep(scenario, .error(EIO), "wor", few: scenario.name == "generate" ? 200 : 12)
      try sweep(scenario, .error(EMFILE), "wo", few: 4)
      try sweep(scenario, .error(EINTR), "wor", few: 6)
      try sweep(scenario, .short, "wr", few: 4)
    }
  }
}
