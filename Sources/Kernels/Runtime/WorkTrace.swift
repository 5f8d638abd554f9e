/// What some work is made of: regions, whose pieces threads can share, and what one thread does between them.
package struct WorkTrace: Sendable, Equatable {
  /// One call of `Parallel.run`.
  package struct Region: Sendable, Equatable {
    /// The kernel that it is a part of, as `Profile` names it; empty outside of kernels and when nothing is profiled.
    package var kernel: String
    /// Seconds since the region before, or since the start.
    package var before: Double
    /// Seconds of each piece on one thread, by its number.
    package var pieces: [Double]

    package init(kernel: String, before: Double, pieces: [Double]) {
      (self.kernel, self.before, self.pieces) = (kernel, before, pieces)
    }
  }

  package var regions: [Region]
  /// Seconds after the last region.
  package var after: Double

  package init(regions: [Region], after: Double) { (self.regions, self.after) = (regions, after) }

  /// Seconds of all of it on one thread.
  package var seconds: Double {
    regions.reduce(after) { $0 + $1.before + $1.pieces.reduce(0, +) }
  }

  /// What `body` does on this thread: all of it on this thread, in the pieces that it has for `threads` threads.
  package static func recorded<Problem: Error>(
    threads: Int, _ body: () throws(Problem) -> Void
  ) throws(Problem) -> WorkTrace {
    let recorder = WorkRecorder()
    var problem: Problem?
    Parallel.recorded(by: recorder, threads: threads) {
      do throws(Problem) { try body() } catch { problem = error }
    }
    if let problem { throw problem }
    return recorder.trace()
  }

  /// Several traces of the same work as one: of each time the median, and names where the first has some. Traces that are not of the
  /// first one's regions are left out.
  package static func median(of traces: [WorkTrace]) -> WorkTrace? {
    guard let first = traces.first else { return nil }
    let shape = first.regions.map(\.pieces.count)
    let same = traces.filter { $0.regions.map(\.pieces.count) == shape }
    func median(_ time: (WorkTrace) -> Double) -> Double { same.map(time).sorted()[same.count / 2] }
    var result = first
    for region in result.regions.indices {
      result.regions[region].before = median { $0.regions[region].before }
      for piece in result.regions[region].pieces.indices {
        result.regions[region].pieces[piece] = median { $0.regions[region].pieces[piece] }
      }
    }
    result.after = median(\.after)
    return result
  }
}
