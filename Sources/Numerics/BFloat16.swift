/// The upper half of a 32-bit float: its range, and eight bits of precision (Kalamkar et al. 2019).
public struct BFloat16: BitwiseCopyable, Sendable {
  public let bits: UInt16

  @inlinable @inline(__always)
  public init(bits: UInt16) { self.bits = bits }

  /// The value; exact.
  @inlinable @inline(__always)
  public var value: Float { Float(bitPattern: UInt32(bits) &<< 16) }

  /// The nearest number, ties to even.
  @inlinable
  public init(nearest value: Float) {
    let word = value.bitPattern
    if value.isNaN {
      bits = UInt16(truncatingIfNeeded: word >> 16) | 0x40
    } else {
      bits = UInt16(truncatingIfNeeded: (word &+ 0x7FFF &+ (word >> 16 & 1)) >> 16)
    }
  }

  /// One of the two neighbours of `value`, rounded stochastically: the low 16 of `randomBits` are added below the last bit
  /// that is kept, so that a carry is as likely as what is cut off is large, and the mean of many roundings is right.
  @inlinable @inline(__always)
  public init(_ value: Float, randomBits: UInt32) {
    bits = UInt16(truncatingIfNeeded: (value.bitPattern &+ (randomBits & 0xFFFF)) &>> 16)
  }
}
