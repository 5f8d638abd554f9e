/// How far work is whose parts can be counted: nothing of what takes less than a second, then on a terminal a line that is
/// rewritten, otherwise a line every ten seconds.
package struct WorkProgress: ~Copyable {
  private let name: String
  private let total: Int
  private let unit: String
  private let isLive = Output.log.isTerminal
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var next: ContinuousClock.Instant

  /// The progress of work called `name`, on `total` of `unit`.
  package init(_ name: String, total: Int, unit: String) {
    (self.name, self.total, self.unit) = (name, total, unit)
    start = clock.now
    next = start + (isLive ? .seconds(1) : .seconds(10))
  }

  /// Shows that `done` are done, if it is time to.
  package mutating func show(_ done: Int) {
    let now = clock.now
    guard now >= next, done < total else { return }
    next = now + (isLive ? .milliseconds(200) : .seconds(10))
    let text = Self.line(name, done, of: total, unit, after: now - start)
    if isLive { Output.log.transient(text) } else { Output.log.line(text) }
  }

  /// `piqa: 120 of 1838 questions, 1m20s left`
  package static func line(
    _ name: String, _ done: Int, of total: Int, _ unit: String, after passed: Duration
  ) -> String {
    let text = "\(name): \(done) of \(total) \(unit)"
    return done > 0 ? "\(text), \(Progress.duration(passed / done * (total - done))) left" : text
  }

  deinit { if isLive { Output.clearTransient() } }
}
