import Dispatch

/// Time on the monotonic clock.
package struct Stopwatch {
  private let start = DispatchTime.now().uptimeNanoseconds

  /// A watch that starts now.
  package init() {}

  /// Seconds since the start.
  package var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }

  /// How long `body` takes.
  package static func seconds(_ body: () -> Void) -> Double {
    let watch = Stopwatch()
    body()
    return watch.seconds
  }
}
