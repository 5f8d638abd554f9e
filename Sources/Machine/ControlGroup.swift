/// The limits of the control group that the process runs in and of those around it; the tightest counts.
struct ControlGroup {
  /// The share of processors that is granted, as in 1.5; nil when it is not limited.
  private(set) var processors: Double?
  /// Bytes of memory; nil when there is no limit.
  private(set) var memory: Int?
  /// Bytes of it that nobody in the group uses, file caches that can go at any time left out; nil when there is no limit.
  private(set) var memoryLeft: Int?

  private static let root = "/sys/fs/cgroup"

  init() {
    let own = SystemText.lines(of: "/proc/self/cgroup").first { $0.hasPrefix("0::") }
    var folder = Self.root + (own?.dropFirst(3) ?? "")
    while folder.hasPrefix(Self.root) {
      note(
        processors: SystemText.contents(of: "\(folder)/cpu.max"),
        memory: SystemText.contents(of: "\(folder)/memory.max"),
        used: "\(folder)/memory.current", statistics: "\(folder)/memory.stat", cacheField: "inactive_file")
      folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
    }
    // Version 1 of control groups.
    let quota = SystemText.contents(of: "\(Self.root)/cpu/cpu.cfs_quota_us")
    let period = SystemText.contents(of: "\(Self.root)/cpu/cpu.cfs_period_us")
    note(
      processors: "\(quota) \(period)",
      memory: SystemText.contents(of: "\(Self.root)/memory/memory.limit_in_bytes"),
      used: "\(Self.root)/memory/memory.usage_in_bytes", statistics: "\(Self.root)/memory/memory.stat",
      cacheField: "total_inactive_file")
  }

  /// `quota period` in microseconds, and bytes; anything else is no limit. `used` and `statistics` are files.
  private mutating func note(
    processors: String, memory: String, used: String, statistics: String, cacheField: String
  ) {
    let numbers = processors.split(whereSeparator: \.isWhitespace).map { Double($0) }
    if numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 {
      self.processors = min(self.processors ?? .infinity, quota / period)
    }
    // Version 1 says "no limit" with a number near 2^63.
    if let bytes = memory.split(whereSeparator: \.isWhitespace).first.flatMap({ Int($0) }), bytes < 1 << 60 {
      self.memory = min(self.memory ?? .max, bytes)
      let taken = Int(SystemText.contents(of: used).split(whereSeparator: \.isWhitespace).first ?? "") ?? 0
      let cache = SystemText.lines(of: statistics).first { $0.hasPrefix("\(cacheField) ") }
      let reclaimable = cache.flatMap { Int($0.dropFirst(cacheField.count + 1)) } ?? 0
      memoryLeft = min(memoryLeft ?? .max, max(0, bytes - max(0, taken - reclaimable)))
    }
  }
}
