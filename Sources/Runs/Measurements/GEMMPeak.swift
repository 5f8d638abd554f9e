import Kernels

/// The speed of matrix products on this machine, which bounds that of training.
package enum GEMMPeak {
  /// The threads that are measured with.
  package static var threads: Int { Parallel.threads }

  /// Floating point operations a second of a large matrix product on all of `Parallel.threads`: the best of those that
  /// `duration` seconds allow, at least two.
  package static func measure(_ precision: ProductPrecision = .float32, duration: Double = 0.05) -> Double {
    let size = 1152
    let shape = ProductShape(
      m: size, n: size, k: size, transposeA: false, transposeB: true, precision: precision)
    return Double(shape.operations) / seconds(of: shape, repeats: 2, duration: duration)
  }

  /// How long a product takes alone, on all of `Parallel.threads`: the best of at least `repeats`, and of those that
  /// `duration` seconds allow.
  package static func seconds(of shape: ProductShape, repeats: Int, duration: Double = 0) -> Double {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    let storage = Storage(count: m * k + k * n + m * n)
    fill(storage.mutableBuffer, 0.5)
    let operandA = storage.buffer[0..<m * k]
    let operandB = storage.buffer[m * k..<m * k + k * n]
    let a =
      shape.transposeA ? Matrix(operandA, rows: k, columns: m).transposed : Matrix(operandA, rows: m, columns: k)
    let b =
      shape.transposeB ? Matrix(operandB, rows: n, columns: k).transposed : Matrix(operandB, rows: k, columns: n)
    let c = MutableMatrix(storage.mutableBuffer[m * k + k * n..<storage.count], rows: m, columns: n)
    var (best, total, count) = (Double.infinity, 0.0, 0)
    while count < repeats || total < duration {
      let seconds = Stopwatch.seconds { matrixProduct(c, a, b, precision: shape.precision) }
      (best, total, count) = (min(best, seconds), total + seconds, count + 1)
    }
    return best
  }

  /// The seconds that a profiled step would take if it did nothing but its matrix products, each as fast as it is alone,
  /// and what its other kernels multiply at the best rate of any of them.
  package static func limit(of profile: [Profile.Entry], steps: Int, repeats: Int = 5) -> Double {
    let products = Dictionary(grouping: profile.filter { $0.product != nil }, by: { $0.product! })
    var total = 0.0
    var bestRate = 0.0
    for (shape, entries) in products {
      let seconds = seconds(of: shape, repeats: repeats)
      bestRate = max(bestRate, Double(shape.operations) / seconds)
      total += seconds * Double(entries.reduce(0) { $0 + $1.calls })
    }
    let rest = profile.reduce(0) { $0 + ($1.product == nil ? $1.operations : 0) }
    return (total + (bestRate > 0 ? rest / bestRate : 0)) / Double(steps)
  }
}

/// The peak as a run measured it, and measures it again where its own steps are faster: then the machine had other work.
package struct MeasuredPeak: Sendable {
  private let precision: ProductPrecision
  /// Floating point operations a second.
  package private(set) var rate: Double

  package init(_ precision: ProductPrecision) {
    self.precision = precision
    rate = GEMMPeak.measure(precision)
  }

  /// The share of the peak that `rate` is, from 0 to 1.
  package mutating func share(of rate: Double) -> Double {
    if rate > self.rate { self.rate = max(rate, GEMMPeak.measure(precision)) }
    return rate / self.rate
  }
}
