import Files
import Foundation
import Glibc

/// What the process has to work with: its share of the machine's cores and memory.
package struct Machine: Sendable, Equatable {
  /// The processor's name.
  package var processor: String
  /// The vector instructions that kernels care about.
  package var features: [String]
  /// Cores that are online.
  package var onlineCores: Int
  /// Cores that the process may run on.
  package var allowedCores: Int
  /// The share of cores that the control group grants, as in 1.5; nil when it does not limit them.
  package var coreQuota: Double?
  /// Bytes of memory.
  package var memory: Int
  /// Bytes of memory that can be had without swapping.
  package var availableMemory: Int
  /// The control group's limit in bytes; nil when there is none.
  package var memoryLimit: Int?
  /// The name and version of the operating system's kernel.
  package var system: String

  /// Worker threads that can run at the same time.
  package var usableCores: Int {
    max(1, min(allowedCores, coreQuota.map { Int($0.rounded(.up)) } ?? allowedCores))
  }

  /// Bytes that a run may plan with.
  package var usableMemory: Int { min(availableMemory, memoryLimit ?? .max) }

  package static func current() -> Machine {
    let processors = text("/proc/cpuinfo").split(separator: "\n")
    func field(_ name: String) -> String? {
      processors.first { $0.hasPrefix(name) }?.split(separator: ":", maxSplits: 1).last.map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
    let flags = instructionSets
    let wanted = ["sse4_2", "avx", "fma", "avx2", "avx512f", "avx512bw", "avx512_bf16", "amx_tile", "asimd"]
    let online = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let group = ControlGroup()
    return Machine(
      processor: field("model name") ?? "unknown processor", features: wanted.filter(flags.contains),
      onlineCores: online, allowedCores: affinity() ?? online, coreQuota: group.cores,
      memory: kilobytes("MemTotal"), availableMemory: kilobytes("MemAvailable"), memoryLimit: group.memory,
      system: system())
  }

  /// The instruction sets of the processor, by the kernel's names.
  package static var instructionSets: Set<String> {
    let line = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") }
    return Set(line?.split(whereSeparator: \.isWhitespace).map(String.init) ?? [])
  }

  /// The figures as JSON, for environment.json and `train doctor --json`.
  package var json: JSONValue {
    var json: JSONValue = [
      "processor": JSONValue(processor), "features": JSONValue(features.map { JSONValue($0) }),
      "cores": JSONValue(onlineCores), "usable_cores": JSONValue(usableCores), "memory": JSONValue(memory),
      "available_memory": JSONValue(availableMemory), "system": JSONValue(system),
    ]
    if let coreQuota { json["core_quota"] = JSONValue(coreQuota) }
    if let memoryLimit { json["memory_limit"] = JSONValue(memoryLimit) }
    return json
  }

  /// The number of cores in the mask of those that the scheduler may use for this process.
  private static func affinity() -> Int? {
    let line = text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
    let count = line?.split(separator: ":").last?.reduce(0) { $0 + ($1.hexDigitValue ?? 0).nonzeroBitCount }
    return count == 0 ? nil : count
  }

  private static func kilobytes(_ name: String) -> Int {
    let line = text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("\(name):") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
  }

  private static func system() -> String {
    var names = utsname()
    uname(&names)
    func string<T>(_ field: T) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return "\(string(names.sysname)) \(string(names.release)) \(string(names.machine))"
  }

  /// The text of a file of the kernel, empty when it cannot be read.
  fileprivate static func text(_ path: String) -> String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}

/// The limits of the control group the process runs in and of those around it; the tightest counts.
private struct ControlGroup {
  var cores: Double?
  var memory: Int?

  init() {
    let own = Machine.text("/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }
    var folder = "/sys/fs/cgroup" + (own.map { String($0.dropFirst(3)) } ?? "")
    while folder.hasPrefix("/sys/fs/cgroup") {
      note(processors: Machine.text("\(folder)/cpu.max"), memory: Machine.text("\(folder)/memory.max"))
      folder = Folder.parent(of: folder)
    }
    let quota = Machine.text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
    let period = Machine.text("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
    note(
      processors: "\(quota) \(period)", memory: Machine.text("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
  }

  /// `quota period` in microseconds, and bytes; anything else is no limit.
  private mutating func note(processors: String, memory text: String) {
    let numbers = processors.split(whereSeparator: \.isWhitespace).map { Double($0) }
    if numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 {
      cores = min(cores ?? .infinity, quota / period)
    }
    // Version 1 of control groups says "no limit" with a number near 2^63.
    if let bytes = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)), bytes < 1 << 60 {
      memory = min(memory ?? .max, bytes)
    }
  }
}

extension Machine {
  /// The largest resident size this process has had, in bytes.
  package static var peakResidentBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }
}
