import Glibc

/// Performs the pieces of regions one after the other and notes the time of each: the thread's own, so that other programs do not
/// lengthen it. The time that notes take does not count.
final class WorkRecorder {
  private var regions: [WorkTrace.Region] = []
  /// When the last region ended.
  private var end: UInt64
  private var isInside = false
  /// What looking at the clock takes, which is a part of every time.
  private let look: UInt64

  init() {
    regions.reserveCapacity(4096)
    look = (0..<64).map { _ in
      let start = Self.now
      return Self.now - start
    }.min()!
    end = Self.now
  }

  func run(_ pieces: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
    if pieces == 0 || isInside {
      for piece in 0..<pieces { body(piece, 0) }
      return
    }
    isInside = true
    let before = seconds(from: end, to: Self.now)
    let kernel = Profile.current ?? ""
    var times = [Double](repeating: 0, count: pieces)
    var start = Self.now
    for piece in 0..<pieces {
      body(piece, 0)
      let now = Self.now
      times[piece] = seconds(from: start, to: now)
      start = now
    }
    regions.append(WorkTrace.Region(kernel: kernel, before: before, pieces: times))
    isInside = false
    end = Self.now
  }

  /// What has been noted, up to now.
  func trace() -> WorkTrace { WorkTrace(regions: regions, after: seconds(from: end, to: Self.now)) }

  private func seconds(from start: UInt64, to end: UInt64) -> Double {
    Double(max(look, end - start) - look) / 1e9
  }

  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
