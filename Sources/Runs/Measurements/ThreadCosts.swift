import Kernels
import Machine
import Synchronization

extension ThreadCosts {
  /// What stands in for costs that cannot be measured because there are not so many cores.
  package static let assumed = ThreadCosts(region: 2e-6, handover: 1e-7)

  /// The costs on so many cores. More than there are here are farther apart: it takes them at least what is assumed.
  package func extended(to cores: Int) -> ThreadCosts {
    cores <= Processor.usableCount
      ? self : ThreadCosts(region: max(region, Self.assumed.region), handover: max(handover, Self.assumed.handover))
  }

  /// The costs between two threads of this machine: the least of several measurements, as what else runs on it makes them larger.
  package static func measured() -> ThreadCosts {
    guard Processor.usableCount > 1 else { return assumed }
    return Parallel.withThreads(2) {
      let meeting = Meeting()
      let region = least(calls: 100) { meeting.wait(for: $0) }
      let rally = least(calls: 1) { piece in for _ in 0..<rallies { meeting.wait(for: piece) } }
      return ThreadCosts(region: region, handover: max(0, rally - region) / Double(rallies))
    }
  }

  private static let rallies = 1000

  private static func least(calls: Int, _ body: (_ piece: Int) -> Void) -> Double {
    (0..<40).map { _ in
      Stopwatch.seconds { for _ in 0..<calls { Parallel.run(2) { piece, _ in body(piece) } } } / Double(calls)
    }.min()!
  }
}

/// Two pieces that wait for each other, so that neither thread can do both.
private final class Meeting: Sendable {
  private let first = Atomic<Int>(0)
  private let second = Atomic<Int>(0)

  func wait(for piece: Int) {
    let turn = arrive(at: piece)
    var looks = 0
    // A thread that does not come within a moment cannot be had.
    while count(other: piece) < turn, looks < 1 << 20 { looks += 1 }
  }

  private func arrive(at piece: Int) -> Int {
    return
      (piece == 0 ? first.add(1, ordering: .acquiringAndReleasing) : second.add(1, ordering: .acquiringAndReleasing))
      .newValue
  }

  private func count(other piece: Int) -> Int {
    piece == 0 ? second.load(ordering: .acquiring) : first.load(ordering: .acquiring)
  }
}
