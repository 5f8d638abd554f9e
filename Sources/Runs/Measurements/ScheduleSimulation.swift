import Kernels

/// What it takes threads to agree, in seconds.
package struct ThreadCosts: Sendable, Equatable {
  /// From a job's announcement to the first piece on another thread, and from that thread's last to the return, together.
  package var region: Double
  /// For a line of memory to come to a core that wants to write it from another one that has written it.
  package var handover: Double

  package init(region: Double, handover: Double) { (self.region, self.handover) = (region, handover) }
}

/// Work that was measured on one thread, as several would share it out: the pieces in the order in which `Parallel` hands
/// them out.
package struct ScheduleSimulation: Sendable {
  /// What a kernel costs on all cores together.
  package struct Loss: Sendable, Equatable {
    /// The kernel, or what comes before it on one thread.
    package let name: String
    package internal(set) var regions = 0
    /// The pieces of the region that has fewest and of the one that has most.
    package internal(set) var pieces: ClosedRange<Int>
    /// Seconds from its regions' starts to their ends.
    package internal(set) var seconds = 0.0
    /// Seconds of work in it.
    package internal(set) var work = 0.0
    /// Seconds that cores had nothing to do or had to agree, all cores together.
    package internal(set) var lost = 0.0
  }

  package let threads: Int
  /// Seconds of all of it.
  package private(set) var seconds = 0.0
  /// By kernel, the largest first.
  package private(set) var losses: [Loss] = []

  package init(_ trace: WorkTrace, threads: Int, costs: ThreadCosts) {
    self.threads = threads
    var found: [String: Loss] = [:]
    func add(_ name: String, pieces: Int, work: Double, seconds: Double) {
      var loss = found[name] ?? Loss(name: name, pieces: pieces...pieces)
      loss.regions += 1
      loss.pieces = min(loss.pieces.lowerBound, pieces)...max(loss.pieces.upperBound, pieces)
      loss.seconds += seconds
      loss.work += work
      loss.lost += Double(threads) * seconds - work
      found[name] = loss
      self.seconds += seconds
    }
    for region in trace.regions {
      let name = region.kernel.isEmpty ? "outside the kernels" : region.kernel
      add("before \(name)", pieces: 1, work: region.before, seconds: region.before)
      var simulation = RegionSimulation(pieces: region.pieces, threads: threads, costs: costs)
      add(name, pieces: region.pieces.count, work: region.pieces.reduce(0, +), seconds: simulation.run())
    }
    add("at the end", pieces: 1, work: trace.after, seconds: trace.after)
    losses = found.values.sorted { ($1.lost, $0.name) < ($0.lost, $1.name) }
  }
}

/// One region, event by event: always the thread whose turn comes first looks for its next piece.
private struct RegionSimulation {
  private let durations: [Double]
  private let costs: ThreadCosts
  private let lanes: PieceLanes
  /// What nobody has taken of each lane, which thread wrote its word last, and when that was done.
  private var left: [Range<Int>]
  private var writer: [Int]
  private var written: [Double]
  private var threads: [WorkingThread]
  /// When the pieces of each lane were last counted as performed.
  private var counted: [Double]

  private struct WorkingThread {
    var time: Double
    var lane: Int
    /// Lanes that it has not yet found empty.
    var lanesLeft: Int
    /// Whether it has performed pieces that it has not yet counted.
    var isUncounted = false
  }

  init(pieces: [Double], threads: Int, costs: ThreadCosts) {
    (durations, self.costs) = (pieces, costs)
    let lanes = PieceLanes(pieces: pieces.count, threads: threads)
    self.lanes = lanes
    left = (0..<lanes.count).map { lanes.pieces(of: $0) }
    writer = [Int](repeating: 0, count: lanes.count)
    written = [Double](repeating: 0, count: lanes.count)
    counted = written
    self.threads = (0..<min(threads, 2 * lanes.count)).map { thread in
      // The caller begins at once; the others see what it writes to their lanes one after the other.
      let lane = thread / 2
      let start = thread == 0 ? 0 : costs.region / 2 + Double(lane) * costs.handover / 2
      return WorkingThread(time: start, lane: lane, lanesLeft: lanes.count)
    }
  }

  /// Seconds until the caller knows that all is done.
  mutating func run() -> Double {
    guard durations.count > 1, threads.count > 1 else { return durations.reduce(0, +) }
    while let thread = next() { look(thread) }
    // The caller looks at one lane after the other.
    return counted.reduce(threads[0].time) { max($0, $1) + costs.handover } + costs.region / 2
  }

  /// The thread whose turn comes first, of several the first one; nil when all have gone through all lanes.
  private func next() -> Int? {
    var result: Int?
    for thread in threads.indices where threads[thread].lanesLeft > 0 {
      if result.map({ threads[thread].time < threads[$0].time }) ?? true { result = thread }
    }
    return result
  }

  private mutating func look(_ thread: Int) {
    let lane = threads[thread].lane
    guard !left[lane].isEmpty else { return leave(thread) }
    if writer[lane] != thread {
      threads[thread].time = max(threads[thread].time, written[lane]) + costs.handover
      (writer[lane], written[lane]) = (thread, threads[thread].time)
    }
    let piece = PieceLanes.isFromFront(thread) ? left[lane].removeFirst() : left[lane].removeLast()
    threads[thread].time += durations[piece]
    threads[thread].isUncounted = true
  }

  /// A thread that finds its lane empty counts what it has performed and goes to the next.
  private mutating func leave(_ thread: Int) {
    let lane = threads[thread].lane
    if threads[thread].isUncounted {
      counted[lane] = max(counted[lane], threads[thread].time) + costs.handover
      threads[thread].time = counted[lane]
      threads[thread].isUncounted = false
    } else {
      threads[thread].time += costs.handover
    }
    threads[thread].lane = (lane + 1) % lanes.count
    threads[thread].lanesLeft -= 1
  }
}
