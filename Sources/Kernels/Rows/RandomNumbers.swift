import Glibc
import Numerics

// Each piece of 16,384 numbers has a generator of its own, seeded by its index: the numbers do not depend on the threads.

/// Fills x with numbers drawn evenly from [low, high].
package func fillUniform(_ x: MutableBuffer, from low: Float, to high: Float, seed: UInt64) {
  let (n, x) = (x.count, x.pointer)
  let (low, width) = (Double(low), Double(high) - Double(low))
  Parallel.forFixedRanges(n, grain: 16384) { range in
    var generator = generator(seed, range)
    for i in range { x[i] = Float(low + width * generator.uniform()) }
  }
}

/// Fills x with numbers drawn from N(0, deviation^2) by Box and Muller's method.
package func fillNormal(_ x: MutableBuffer, deviation: Float, seed: UInt64) {
  let (n, x) = (x.count, x.pointer)
  Parallel.forFixedRanges(n, grain: 16384) { range in
    var generator = generator(seed, range)
    var i = range.lowerBound
    while i < range.upperBound {
      let radius = (-2 * log(1 - generator.uniform())).squareRoot() * Double(deviation)
      let angle = 2 * Double.pi * generator.uniform()
      x[i] = Float(radius * cos(angle))
      if i + 1 < range.upperBound { x[i + 1] = Float(radius * sin(angle)) }
      i += 2
    }
  }
}

private func generator(_ seed: UInt64, _ piece: Range<Int>) -> SplitMix64 {
  SplitMix64(state: seed &+ UInt64(piece.lowerBound) &* SplitMix64.increment)
}
