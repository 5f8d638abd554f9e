import Foundation
import Testing

/// Expects that four times the input takes about four times the processor time; quadratic work would take sixteen times
/// as much. The shortest of several runs counts, so that a busy machine does not.
func expectNearlyLinear(
  _ what: Comment, from count: Int = 50_000, _ body: (Int) throws -> Void,
  sourceLocation: SourceLocation = #_sourceLocation
) rethrows {
  var (short, long) = (Double.infinity, Double.infinity)
  for _ in 0..<5 {
    short = min(short, try seconds { try body(count) })
    long = min(long, try seconds { try body(4 * count) })
    if long < 9 * short { return }
  }
  Issue.record("\(what): \(short) s for \(count) bytes, \(long) s for \(4 * count)", sourceLocation: sourceLocation)
}

private func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = threadSeconds()
  try body()
  return threadSeconds() - start
}

private func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
