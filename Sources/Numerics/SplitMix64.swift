/// The SplitMix64 generator: one 64-bit word of state, the same numbers on every platform.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  /// Two generators with equal states give equal numbers.
  public var state: UInt64

  /// A generator that goes on from `state`.
  @inlinable
  public init(state: UInt64) { self.state = state }

  /// What the state grows by: 2^64 divided by the golden ratio.
  @inlinable
  public static var increment: UInt64 { 0x9e37_79b9_7f4a_7c15 }

  /// The next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    state &+= Self.increment
    return Self.mixed(state)
  }

  /// A number drawn evenly from [0, 1).
  @inlinable
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// The finaliser: a bijection in which every input bit reaches every output bit.
  @inlinable
  public static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
