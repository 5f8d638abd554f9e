import Kernels
import Numerics
import Runs
import Support
import Testing

@Suite struct ScheduleSimulationTests {
  private static let free = ThreadCosts(region: 0, handover: 0)

  /// A trace of one region, with nothing around it.
  private func trace(_ pieces: [Int]) -> WorkTrace {
    WorkTrace(regions: [.init(kernel: "k", before: 0, pieces: pieces.map(Double.init))], after: 0)
  }

  @Test(arguments: [1, 2, 3, 4, 7, 16, 64]) func itIsTheScheduleTickByTick(_ threads: Int) {
    var generator = SplitMix64(state: UInt64(threads))
    for (region, handover) in [(0, 0), (8, 0), (0, 2), (12, 4)] {
      for count in [0, 1, 2, 3, 5, 16, 40, 131] {
        let pieces = (0..<count).map { _ in Int(generator.next() % 30) }
        var slow = SlowSchedule(durations: pieces, threads: threads, region: region, handover: handover)
        let fast = ScheduleSimulation(
          trace(pieces), threads: threads, costs: ThreadCosts(region: Double(region), handover: Double(handover)))
        let expected = Double(slow.run())
        #expect(fast.seconds == expected, "\(count) pieces, costs \(region) and \(handover)")
      }
    }
  }

  @Test func equalPiecesAreSharedOutEvenly() {
    let pieces = [Int](repeating: 10, count: 48)
    #expect(ScheduleSimulation(trace(pieces), threads: 16, costs: Self.free).seconds == 30)
    #expect(ScheduleSimulation(trace(pieces), threads: 64, costs: Self.free).seconds == 10)
    #expect(ScheduleSimulation(trace(pieces), threads: 1, costs: Self.free).seconds == 480)
  }

  /// Two threads come from both ends: the first performs the short pieces while the second has the long one.
  @Test func aLongPieceIsWaitedFor() {
    let simulation = ScheduleSimulation(trace([1, 1, 1, 1, 9]), threads: 2, costs: Self.free)
    #expect(simulation.seconds == 9)
    #expect(simulation.losses.first { $0.name == "k" }?.lost == 5.0)
  }

  @Test func whatIsLostAndWhatIsWorkAddUp() {
    let regions = [
      WorkTrace.Region(kernel: "a", before: 3, pieces: [4, 5, 6]), .init(kernel: "b", before: 1, pieces: [7]),
      .init(kernel: "a", before: 0.5, pieces: [1, 2]),
    ]
    let trace = WorkTrace(regions: regions, after: 2)
    #expect(trace.seconds == 31.5)
    let simulation = ScheduleSimulation(trace, threads: 4, costs: ThreadCosts(region: 1, handover: 0.25))
    let work = simulation.losses.reduce(0) { $0 + $1.work }
    let lost = simulation.losses.reduce(0) { $0 + $1.lost }
    #expect(work == trace.seconds)
    #expect(abs(work + lost - 4 * simulation.seconds) < 1e-12)
    let serial = simulation.losses.first { $0.name == "before a" }
    #expect(serial?.lost == 10.5)
    #expect(serial?.regions == 2)
    let region = simulation.losses.first { $0.name == "a" }
    #expect(region?.pieces == 2...3)
    #expect(simulation.losses.map(\.lost) == simulation.losses.map(\.lost).sorted(by: >))
  }
}
