import Files
import Machine
import Synchronization

/// Workers that share a job, one a core, each with a state of its own such as a cache.
struct Lanes<Worker: Sendable>: Sendable {
  private var workers: [Worker]

  init(_ worker: Worker) { workers = Array(repeating: worker, count: Processor.usableCount) }

  /// What `make` makes of each place of `groups`, which cover 0..<n in order; a group is the work of one worker.
  ///
  /// A result may depend on nothing but its place, so it is the same for any number of cores.
  mutating func map<Result: Sendable>(
    _ groups: [Range<Int>], _ make: @Sendable (inout Worker, _ place: Int) -> Result
  ) -> [Result] {
    var results = [Result?](repeating: nil, count: groups.last?.upperBound ?? 0)
    let next = Counter()
    results.withUnsafeMutableBufferPointer { results in
      workers.withUnsafeMutableBufferPointer { workers in
        // No two threads share a worker: each group of places belongs to one lane.
        nonisolated(unsafe) let (results, workers) = (results, workers)
        withoutActuallyEscaping(make) { make in
          BackgroundThread.sideBySide(min(workers.count, groups.count)) { lane in
            while true {
              let group = next.take()
              guard group < groups.count else { return }
              for place in groups[group] { results[place] = make(&workers[lane], place) }
            }
          }
        }
      }
    }
    return results.map { $0! }
  }
}

/// 0, 1, 2, ... for several threads, each number once.
private final class Counter: Sendable {
  private let next = Atomic(0)
  func take() -> Int { next.add(1, ordering: .relaxed).oldValue }
}
