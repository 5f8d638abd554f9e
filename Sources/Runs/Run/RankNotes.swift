import Communication
import Machine

/// What a run of several processes says about them.
package enum RankNotes {
  /// Where they run, and with how many threads; none for one process.
  ///
  /// - Parameter samples: of a step.
  static func start(samples: Int, shardsState: Bool, threads: Int?) -> [String] {
    guard let ranks = Ranks.current as? MPICommunicator, !ranks.isSolo else { return [] }
    let machines = Set(Ranks.shares.map(\.machine)).count
    let each = threads.map { "\($0)" } ?? words(ProcessorShare.threads(of: Ranks.shares))
    let moments = shardsState ? ", the optimizer's moments divided among them" : ""
    let line =
      "\(ranks.count) processes on \(machines == 1 ? "one machine" : "\(machines) machines"), threads of each: \(each)"
      + "\(moments); \(ranks.library.version)"
    return [line] + ([threads == nil ? boundNote : nil, share(of: samples, ranks: ranks.count)].compactMap { $0 })
  }

  /// What `ranks` wait for who have nothing or clearly less to do in a step than others; nil where all have as much.
  package static func share(of samples: Int, ranks: Int) -> String? {
    let most = (samples + ranks - 1) / ranks
    guard samples > 0, 10 * most * ranks > 11 * samples else { return nil }
    let idle = ranks - samples
    return "note: a step's \(samples) samples are \(most) for some of \(ranks) processes and "
      + (idle > 0 ? "none for \(idle)" : "\(most - 1) for others, which wait")
      + ": training.batch_size=\(most * ranks) would take as long"
  }

  /// `4` where all are alike, else `4, 2, 2`.
  private static func words(_ threads: [Int]) -> String {
    let first = threads.prefix(16).map { "\($0)" }.joined(separator: ", ")
    return Set(threads).count == 1 ? "\(threads[0])" : first + (threads.count > 16 ? ", ..." : "")
  }

  /// Whether the launcher leaves processors of this machine idle, as Open MPI's does without being asked.
  private static var boundNote: String? {
    let own = Ranks.shares.filter { $0.machine == Ranks.shares[Ranks.current.rank].machine }
    let used = Set(own.flatMap(\.processors)).count
    let given = Processor.allowedByParent.count
    guard used < given else { return nil }
    return
      "note: the launcher has bound the processes to \(used) of \(given) cores: mpirun --bind-to none gives them all"
  }

}

/// What travels in the steps of a run, and how long they wait for it.
struct RankTraffic {
  private let ranks: any Communicator
  private let sent: Int
  private let waited: Double
  private let step: Int
  private let stopwatch = Stopwatch()

  /// Counts from here on, after `step` steps.
  init(_ ranks: any Communicator, after step: Int) {
    (self.ranks, self.step) = (ranks, step)
    (sent, waited) = (ranks.sentBytes, ranks.secondsWaited)
  }

  /// What has travelled until now, after `step` steps; nil for one process.
  func note(after step: Int) -> String? {
    guard !ranks.isSolo, step > self.step else { return nil }
    let bytes = Double(ranks.sentBytes - sent) / Double(step - self.step) / 1_048_576
    let share = 100 * (ranks.secondsWaited - waited) / stopwatch.seconds
    return
      "each process sent about \(Progress.fixed(bytes, 2)) MiB a step, and rank 0 waited \(Progress.fixed(share, 0)) % of the time"
  }
}
