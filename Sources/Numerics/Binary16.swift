/// A 16-bit float of IEEE 754 as bits: eleven bits of precision, numbers up to 65504.
public struct Binary16: BitwiseCopyable, Sendable {
  public let bits: UInt16

  @inlinable
  public init(bits: UInt16) { self.bits = bits }

  /// The value; exact. The bits are moved to where a 32-bit float has them, and the exponent's bias is corrected by a
  /// multiplication, which handles subnormal numbers too.
  @inlinable
  public var value: Float {
    let magnitude = UInt32(bits & 0x7FFF) << 13
    let sign = UInt32(bits & 0x8000) << 16
    if magnitude >= 0x0F80_0000 { return Float(bitPattern: sign | magnitude | 0x7F80_0000) }
    return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
  }

  /// The nearest number, ties to even; too large becomes infinity.
  @inlinable
  public init(nearest value: Float) {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.magnitude
    if value.isNaN {
      bits = sign | 0x7E00 | UInt16(truncatingIfNeeded: value.bitPattern >> 13) & 0x1FF
    } else if magnitude >= 65520 {
      bits = sign | 0x7C00
    } else if magnitude < 0x1p-14 {
      // Below the normal range the spacing is constant: adding 0.5 lets the addition's own rounding cut at that place.
      bits = sign | UInt16(truncatingIfNeeded: (magnitude + 0.5).bitPattern - 0x3F00_0000)
    } else {
      let word = magnitude.bitPattern - 0x3800_0000
      bits = sign | UInt16(truncatingIfNeeded: (word + 0xFFF + (word >> 13 & 1)) >> 13)
    }
  }
}
