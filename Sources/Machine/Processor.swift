import Glibc

/// The processors that the process may use. Nothing else in the program asks the system for them.
package enum Processor {
  /// The processor's name.
  package static let name = SystemText.field("model name", of: "/proc/cpuinfo") ?? "unknown processor"

  /// The instruction sets, by the names that Linux lists in /proc/cpuinfo.
  package static let instructionSets: Set<String> = {
    let flags =
      SystemText.field("flags", of: "/proc/cpuinfo") ?? SystemText.field("Features", of: "/proc/cpuinfo") ?? ""
    return Set(flags.split(separator: " ").map(String.init))
  }()

  /// Processors that are online.
  package static let onlineCount = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  /// Processors that the scheduler may use for this process: those in its affinity mask.
  package static let allowedCount: Int = {
    let count = allowed.count
    return count == 0 ? onlineCount : min(count, onlineCount)
  }()

  /// The numbers of those processors, ascending; none where the system does not say.
  package static let allowed = allowed(of: "self")

  /// Those that the process which has started this one may use.
  package static var allowedByParent: [Int] { allowed(of: "\(getppid())") }

  private static func allowed(of process: String) -> [Int] {
    let mask = SystemText.field("Cpus_allowed", of: "/proc/\(process)/status") ?? ""
    let digits = mask.compactMap(\.hexDigitValue).reversed()
    return digits.enumerated().flatMap { place, digit in
      (0..<4).compactMap { digit >> $0 & 1 == 1 ? 4 * place + $0 : nil }
    }
  }

  /// The share of processors that the control group grants, as in 1.5; nil when it does not limit them.
  package static let quota = ControlGroup().processors

  /// Threads that can run at the same time: the allowed processors, cut down to the quota.
  package static let usableCount = max(1, min(allowedCount, quota.map { Int($0.rounded(.up)) } ?? allowedCount))
}
