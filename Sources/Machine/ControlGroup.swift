/// The limits of the control group that the process runs in and of those around it; the tightest counts.
package struct ControlGroup {
  /// The share of processors that is granted, as in 1.5; nil when it is not limited.
  package private(set) var processors: Double?
  /// Bytes of memory; nil when there is no limit.
  package private(set) var memory: Int?
  /// Bytes of it that nobody in the group uses, file caches that can go at any time left out; nil when there is no limit.
  package private(set) var memoryLeft: Int?

  /// - Parameters:
  ///   - root: where the groups are mounted: one tree, or in version 1 one for each controller.
  ///   - membership: the file that says which groups the process is in, as in `4:memory:/slurm/job_7`; version 2 names no controller.
  package init(at root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
    let groups = SystemText.lines(of: membership).map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    }.filter { $0.count == 3 }
    func path(_ isMeant: ([Substring]) -> Bool) -> Substring {
      groups.first { isMeant($0[1].split(separator: ",")) }?[2] ?? ""
    }
    for folder in Self.folders(root, path { $0.isEmpty }) {
      note(processors: SystemText.contents(of: "\(folder)/cpu.max"))
      note(memory: "memory.max", used: "memory.current", cache: "inactive_file", in: folder)
    }
    for folder in Self.folders("\(root)/cpu", path { $0.contains("cpu") }) {
      let quota = SystemText.contents(of: "\(folder)/cpu.cfs_quota_us")
      note(processors: quota + " " + SystemText.contents(of: "\(folder)/cpu.cfs_period_us"))
    }
    for folder in Self.folders("\(root)/memory", path { $0.contains("memory") }) {
      note(memory: "memory.limit_in_bytes", used: "memory.usage_in_bytes", cache: "total_inactive_file", in: folder)
    }
  }

  /// The folder of a group and those around it. In a container the path may be that of the host: then the root alone is there.
  private static func folders(_ root: String, _ path: Substring) -> [String] {
    var (folders, folder) = ([String](), "\(root)\(path)")
    while folder.hasPrefix(root) {
      folders.append(folder)
      folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
    }
    return folders
  }

  /// `quota period` in microseconds; anything else is no limit.
  private mutating func note(processors: String) {
    let numbers = processors.split(whereSeparator: \.isWhitespace).map { Double($0) }
    guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else { return }
    self.processors = min(self.processors ?? .infinity, quota / period)
  }

  /// The names of files with the limit in bytes and what is used of it, and of the statistic of what can go.
  private mutating func note(memory limit: String, used: String, cache: String, in folder: String) {
    func number(_ file: String) -> Int? {
      SystemText.contents(of: "\(folder)/\(file)").split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }
    // Version 1 says "no limit" with a number near 2^63.
    guard let bytes = number(limit), bytes < 1 << 60 else { return }
    memory = min(memory ?? .max, bytes)
    let line = SystemText.lines(of: "\(folder)/memory.stat").first { $0.hasPrefix("\(cache) ") }
    let reclaimable = line.flatMap { Int($0.dropFirst(cache.count + 1)) } ?? 0
    memoryLeft = min(memoryLeft ?? .max, max(0, bytes - max(0, (number(used) ?? 0) - reclaimable)))
  }
}
