import Glibc

/// The memory that the process may use, in bytes. Nothing else in the program asks the system for it.
package enum SystemMemory {
  /// All of the machine's memory.
  package static let total = kilobytes("MemTotal")

  /// What can be had now without swapping.
  package static var available: Int { kilobytes("MemAvailable") }

  /// The control group's limit; nil when there is none.
  package static let limit = ControlGroup().memory

  /// What a run may plan with.
  package static var usable: Int { min(available, ControlGroup().memoryLeft ?? .max) }

  /// The largest resident size that this process has had.
  package static var peakResident: Int {
    // What getrusage says begins with the peak of the program that has started this one.
    let peak = kilobytes("VmHWM", of: "/proc/self/status")
    if peak > 0 { return peak }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// The addresses that this process has taken, whether or not there is memory behind them; 0 where the system does not say.
  package static var addresses: Int { kilobytes("VmSize", of: "/proc/self/status") }

  private static func kilobytes(_ name: String, of path: String = "/proc/meminfo") -> Int {
    let words = SystemText.field(name, of: path)?.split(separator: " ") ?? []
    return words.first.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
  }
}
