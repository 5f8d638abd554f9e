import Files
import Glibc
import Kernels

/// The processes that this one works with. Set once, before anything else runs.
package enum Ranks {
  /// Those of the launcher, or this process alone.
  nonisolated(unsafe) package private(set) static var current: any Communicator = SoloCommunicator()
  /// Where the ranks run, in their order.
  nonisolated(unsafe) package private(set) static var shares: [ProcessorShare] = []

  /// What the first rank does before a failure, its own or another rank's, ends the job: nothing is thrown there when others fail.
  nonisolated(unsafe) package static var beforeFailure: (() -> Void)?

  /// How many ranks run on this machine, this one included.
  package static var neighbours: Int {
    shares.isEmpty ? 1 : shares.count { $0.machine == shares[current.rank].machine }
  }

  /// Which of several ranks this process is and where, in words; nil for one that is alone.
  package static var place: String? { (current as? MPICommunicator).flatMap { $0.isSolo ? nil : $0.place } }

  /// The launcher that has started this process among others; nil for one that is alone.
  package static let launcher: Launcher? = Launcher.found(in: environment).flatMap { $0.isOfSeveral ? $0 : nil }

  private static var environment: [String: String] {
    let names = [
      "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID",
      "PMI_RANK", "PMI_SIZE", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "PMIX_RANK", "PMIX_SIZE",
    ]
    return Dictionary(
      uniqueKeysWithValues: names.compactMap { name in getenv(name).map { (name, String(cString: $0)) } })
  }

  /// Joins the processes of the launcher, if there is one or `isForced`, and takes this one's share of the machine's threads.
  ///
  /// - Throws: `.resources` when there are several processes and no library through which they can work together.
  package static func join(isForced: Bool, report: @escaping (String) -> Void) throws(Failure) {
    guard launcher != nil || isForced else { return }
    let library: MPILibrary
    do throws(Failure) {
      library = try MPILibrary(for: launcher)
    } catch {
      var failure = error
      if let launcher {
        failure.notes.insert(
          "\(launcher.name) has started \(launcher.count.map { "\($0)" } ?? "several") processes", at: 0)
      }
      throw failure
    }
    let ranks = try MPICommunicator(library, launcher: launcher) { text in
      if current.isFirst { beforeFailure?() }
      report(text)
    }
    current = ranks
    shares = try ranks.gather(ProcessorShare.own.message.bytes).map { ProcessorShare(Message($0)) }
    Parallel.threads = ProcessorShare.threads(of: shares)[ranks.rank]
  }
}
