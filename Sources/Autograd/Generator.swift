import Kernels
import Numerics

/// A reproducible source of random numbers (SplitMix64: Steele, Lea and Flood 2014), a value with no hidden state.
public struct Generator: RandomNumberGenerator, Sendable {
  private var generator: SplitMix64

  /// The state; two generators with equal states give equal numbers.
  public var state: UInt64 {
    get { generator.state }
    set { generator.state = newValue }
  }

  /// A generator started from `seed`.
  public init(seed: UInt64) { generator = SplitMix64(state: seed) }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 { generator.next() }

  /// A number drawn evenly from [0, 1).
  public mutating func uniform() -> Double { generator.uniform() }

  /// A tensor of numbers drawn evenly from `range`. It does not depend on the number of threads.
  public mutating func uniform(_ shape: Shape, in range: ClosedRange<Float>) -> Tensor {
    var result = Tensor(uninitialized: shape)
    fillUniform(result.mutableBuffer, from: range.lowerBound, to: range.upperBound, seed: next())
    return result
  }

  /// A tensor of numbers drawn from N(0, deviation^2). It does not depend on the number of threads.
  public mutating func normal(_ shape: Shape, deviation: Float) -> Tensor {
    var result = Tensor(uninitialized: shape)
    fillNormal(result.mutableBuffer, deviation: deviation, seed: next())
    return result
  }
}
