/// The limits of the control group that the process runs in and of those around it; the tightest counts.
struct ControlGroup {
  /// The share of processors that is granted, as in 1.5; nil when it is not limited.
  private(set) var processors: Double?
  /// Bytes of memory; nil when there is no limit.
  private(set) var memory: Int?

  private static let root = "/sys/fs/cgroup"

  init() {
    let own = SystemText.lines(of: "/proc/self/cgroup").first { $0.hasPrefix("0::") }
    var folder = Self.root + (own?.dropFirst(3) ?? "")
    while folder.hasPrefix(Self.root) {
      note(
        processors: SystemText.contents(of: "\(folder)/cpu.max"),
        memory: SystemText.contents(of: "\(folder)/memory.max"))
      folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
    }
    // Version 1 of control groups.
    let quota = SystemText.contents(of: "\(Self.root)/cpu/cpu.cfs_quota_us")
    let period = SystemText.contents(of: "\(Self.root)/cpu/cpu.cfs_period_us")
    note(
      processors: "\(quota) \(period)",
      memory: SystemText.contents(of: "\(Self.root)/memory/memory.limit_in_bytes"))
  }

  /// `quota period` in microseconds, and bytes; anything else is no limit.
  private mutating func note(processors: String, memory: String) {
    let numbers = processors.split(whereSeparator: \.isWhitespace).map { Double($0) }
    if numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 {
      self.processors = min(self.processors ?? .infinity, quota / period)
    }
    // Version 1 says "no limit" with a number near 2^63.
    if let bytes = memory.split(whereSeparator: \.isWhitespace).first.flatMap({ Int($0) }), bytes < 1 << 60 {
      self.memory = min(self.memory ?? .max, bytes)
    }
  }
}
