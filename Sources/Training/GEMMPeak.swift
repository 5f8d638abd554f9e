import Dispatch
import Kernels

/// The speed of matrix products on this machine, which bounds that of training.
package enum GEMMPeak {
  /// Floating point operations a second of a large matrix product on all of `Parallel.threads`: the best of `repeats`.
  package static func measure(size: Int = 1152, repeats: Int = 12) -> Double {
    let count = size * size
    let matrices = Memory.allocate(3 * count)
    defer { Memory.release(matrices, count: 3 * count) }
    fill(matrices, 0.5, 3 * count)
    let (a, b, c) = (matrices, matrices + count, matrices + 2 * count)
    let best = (0..<repeats).map { _ in
      Stopwatch.seconds {
        matrixProduct(
          c, ldc: size, a, lda: size, transposeA: false, b, ldb: size, transposeB: true, m: size, n: size, k: size,
          accumulate: false)
      }
    }.min()!
    return 2 * Double(size * count) / best
  }
}

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
