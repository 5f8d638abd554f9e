import Communication
import Files
import Testing

@Suite struct LauncherTests {
  @Test func launchersAreKnownByTheirEnvironment() {
    #expect(Launcher.found(in: [:]) == nil)
    #expect(Launcher.found(in: ["PATH": "/bin", "SLURM_PROCID": "0", "SLURM_NTASKS": "4"]) == nil)
    let openMPI = Launcher.found(in: ["OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4", "PMIX_RANK": "3"])
    #expect(openMPI?.rank == 3 && openMPI?.count == 4 && openMPI?.kind == .openMPI && openMPI?.isOfSeveral == true)
    let mpich = Launcher.found(in: ["PMI_RANK": "0", "PMI_SIZE": "2"])
    #expect(mpich?.kind == .mpich && mpich?.count == 2)
    let slurm = Launcher.found(in: ["SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "8", "PMIX_RANK": "1"])
    #expect(slurm?.kind == .slurm && slurm?.count == 8 && slurm?.isHeard == true)
    let second = ["SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "8", "SLURM_LOCALID": "1"]
    #expect(Launcher.found(in: second)?.isHeard == false && openMPI?.isHeard == true)
    #expect(Launcher.found(in: ["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"])?.isOfSeveral == false)
    // A PMIx launcher may leave the number to the library.
    let certainty = ["0", "1"].map { Launcher.found(in: ["PMIX_RANK": $0])?.isCertainlyOfSeveral }
    #expect(certainty == [false, true] && slurm?.isCertainlyOfSeveral == true)
  }

  @Test func theLaunchersOwnLibraryIsLookedForFirst() {
    let mpich = Launcher.found(in: ["PMI_RANK": "0", "PMI_SIZE": "2"])
    #expect(MPILibrary.candidates(for: mpich, named: nil).first == "libmpich.so.12")
    #expect(MPILibrary.candidates(for: nil, named: nil).first == "libmpi.so.40")
    #expect(MPILibrary.candidates(for: mpich, named: "/opt/libmpi.so") == ["/opt/libmpi.so"])
  }

  @Test func whatIsNoMPILibraryIsRefused() {
    for (file, words) in [("libc.so.6", "it lacks MPI_Get_library_version"), ("/nothing/libmpi.so", "no MPI library")] {
      do throws(Failure) {
        _ = try MPILibrary(for: nil, named: file)
        Issue.record("\(file) is taken")
      } catch {
        #expect(error.exitCode == 6 && error.what.contains(words), "\(error)")
      }
    }
  }
}

@Suite struct ProcessorShareTests {
  private func share(_ processors: [Int], machine: String = "a", quota: Double? = nil) -> ProcessorShare {
    ProcessorShare(machine: machine, processors: processors, quota: quota)
  }

  @Test func processorsAreDividedAmongThoseThatHaveThem() {
    let all = Array(0..<8)
    #expect(ProcessorShare.threads(of: [share(all), share(all)]) == [4, 4])
    #expect(ProcessorShare.threads(of: [share(all), share(all), share(all)]) == [2, 2, 2])
    // Bound by the launcher: each its own.
    #expect(ProcessorShare.threads(of: [share([0, 1, 2]), share([3])]) == [3, 1])
    #expect(ProcessorShare.threads(of: [share(all), share(all, machine: "b")]) == [8, 8])
    #expect(ProcessorShare.threads(of: [share(all, quota: 3), share(all, quota: 3)]) == [1, 1])
    // More ranks than processors: one thread each.
    #expect(ProcessorShare.threads(of: Array(repeating: share([0, 1]), count: 4)) == [1, 1, 1, 1])
    #expect(ProcessorShare.own.processors.count >= 1)
    #expect(ProcessorShare(ProcessorShare.own.message) == .own)
  }
}

@Suite struct MessageTests {
  @Test func whatIsAppendedIsRead() {
    var message = Message()
    message.append(-5)
    message.append(Double.nan)
    message.append("Zürich")
    message.append([true, false, false, true, true, false, true, false, true])
    message.append(1e-300)
    var copy = Message(message.bytes)
    #expect(copy.integer() == -5 && copy.double().isNaN && copy.string() == "Zürich")
    #expect(copy.flags(9) == [true, false, false, true, true, false, true, false, true])
    #expect(copy.double() == 1e-300)
  }

  @Test func slicesCoverARangeOnce() {
    for count in 1...7 {
      for length in 0...9 {
        let parts = (0..<count).map { (3..<3 + length).slice($0, of: count) }
        #expect(parts.flatMap { Array($0) } == Array(3..<3 + length))
        #expect(parts.map(\.count).max()! - parts.map(\.count).min()! <= 1)
      }
    }
  }
}
