import Foundation

/// A small generator of reproducible test inputs: splitmix64, with normal deviates by Box and Muller.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A uniform deviate in [0, 1).
  package mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A normal deviate of mean 0 and variance 1.
  package mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// Normal deviates, rounded to float.
  package mutating func normals(_ shape: [Int], mean: Double = 0, deviation: Double = 1) -> ReferenceArray {
    ReferenceArray(shape, (0..<shape.reduce(1, *)).map { _ in Float(mean + deviation * normal()) })
  }

  /// Uniform deviates in `range`, rounded to float.
  package mutating func uniforms(_ shape: [Int], in range: Range<Double>) -> ReferenceArray {
    let width = range.upperBound - range.lowerBound
    return ReferenceArray(shape, (0..<shape.reduce(1, *)).map { _ in Float(range.lowerBound + width * uniform()) })
  }

  package mutating func integers(_ count: Int, in range: Range<Int>) -> [Int] {
    (0..<count).map { _ in Int.random(in: range, using: &self) }
  }
}
