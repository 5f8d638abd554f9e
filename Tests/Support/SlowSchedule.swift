/// Pieces of work on several threads, tick by tick: the twin of the simulation that `train bench --cores` makes. All times are
/// whole ticks.
package struct SlowSchedule {
  private struct Lane {
    var pieces: [Int]
    var writer = 0
    var written = 0
  }

  private struct Worker {
    var freeAt: Int
    var route: [Int]
    var hasUncounted = false
  }

  private let durations: [Int]
  private let handover: Int
  private let region: Int
  private var lanes: [Lane] = []
  private var workers: [Worker] = []
  private var counted: [Int] = []

  package init(durations: [Int], threads: Int, region: Int, handover: Int) {
    (self.durations, self.region, self.handover) = (durations, region, handover)
    // Two threads a lane, as long as each of them can have a piece; a thread alone in the last lane has half as much.
    let pairs = max(1, min((threads + 1) / 2, (durations.count + 1) / 2))
    let shares = min(threads, 2 * pairs)
    for pair in 0..<pairs {
      let own = durations.indices.filter { piece in
        let share = piece * shares / durations.count
        return share / 2 == pair
      }
      lanes.append(Lane(pieces: own))
    }
    counted = lanes.map { _ in 0 }
    for thread in 0..<min(threads, 2 * pairs) {
      let home = thread / 2
      let start = thread == 0 ? 0 : region / 2 + home * handover / 2
      workers.append(Worker(freeAt: start, route: Array(home..<pairs) + Array(0..<home)))
    }
  }

  /// Ticks until the caller goes on.
  package mutating func run() -> Int {
    guard durations.count > 1, workers.count > 1 else { return durations.reduce(0, +) }
    var tick = 0
    while workers.contains(where: { !$0.route.isEmpty }) {
      while let worker = workers.indices.first(where: { workers[$0].freeAt == tick && !workers[$0].route.isEmpty }) {
        act(worker)
      }
      tick += 1
    }
    var end = workers[0].freeAt
    for time in counted { end = max(end, time) + handover }
    return end + region / 2
  }

  private mutating func act(_ worker: Int) {
    let lane = workers[worker].route[0]
    if lanes[lane].pieces.isEmpty {
      workers[worker].route.removeFirst()
      if workers[worker].hasUncounted {
        workers[worker].hasUncounted = false
        counted[lane] = max(counted[lane], workers[worker].freeAt) + handover
        workers[worker].freeAt = counted[lane]
      } else {
        workers[worker].freeAt += handover
      }
      return
    }
    if lanes[lane].writer != worker {
      workers[worker].freeAt = max(workers[worker].freeAt, lanes[lane].written) + handover
      lanes[lane].writer = worker
      lanes[lane].written = workers[worker].freeAt
    }
    let piece = worker.isMultiple(of: 2) ? lanes[lane].pieces.removeFirst() : lanes[lane].pieces.removeLast()
    workers[worker].freeAt += durations[piece]
    workers[worker].hasUncounted = true
  }
}
