/// What has started this process as one of several: known by what it leaves in the environment.
package struct Launcher: Equatable, Sendable {
  package enum Kind: Sendable {
    case openMPI, mpich, slurm
  }

  /// Its name, for messages.
  package let name: String
  package let kind: Kind
  /// This process's rank and the number of processes; nil where only the MPI library knows them.
  package let rank: Int?
  package let count: Int?
  /// Whether this process tells why it cannot take part: under `srun`, which lets the others wait for it, the first one of each
  /// machine, and else any that the launcher does not end with the others.
  package var isHeard = true

  /// The launcher that `environment` tells of; nil for a process that was started by itself.
  package static func found(in environment: [String: String]) -> Launcher? {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    if let rank = number("OMPI_COMM_WORLD_RANK"), let count = number("OMPI_COMM_WORLD_SIZE") {
      return Launcher(name: "Open MPI's mpirun", kind: .openMPI, rank: rank, count: count)
    }
    for prefix in ["PMI", "MV2_COMM_WORLD"] {
      if let rank = number("\(prefix)_RANK"), let count = number("\(prefix)_SIZE") {
        return Launcher(name: "a launcher of MPICH's kind", kind: .mpich, rank: rank, count: count)
      }
    }
    // Inside a step of srun only: a batch script has SLURM_PROCID as well, and runs once. Other launchers start theirs by srun.
    if let rank = number("SLURM_PROCID"), let count = number("SLURM_STEP_NUM_TASKS") {
      let isHeard = number("SLURM_LOCALID") ?? 0 == 0
      return Launcher(name: "srun", kind: .slurm, rank: rank, count: count, isHeard: isHeard)
    }
    if let rank = number("PMIX_RANK") {
      return Launcher(name: "a PMIx launcher", kind: .openMPI, rank: rank, count: number("PMIX_SIZE"))
    }
    return nil
  }

  /// Whether there may be several processes.
  package var isOfSeveral: Bool { count.map { $0 > 1 } ?? true }

  /// Whether there are: where their number is not known, one that is not the first tells it.
  package var isCertainlyOfSeveral: Bool { count.map { $0 > 1 } ?? (rank ?? 0 > 0) }
}
