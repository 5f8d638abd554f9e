/// The 16-bit floats of model files, as bits: IEEE 754 binary16 and bfloat16 (the upper half of a binary32).
package enum HalfPrecision {
  /// The value of a binary16; exact. The bits are moved to where a binary32 has them, and the exponent's bias is
  /// corrected by a multiplication, which handles subnormal numbers too.
  @inlinable package static func float(fromBinary16 bits: UInt16) -> Float {
    let magnitude = UInt32(bits & 0x7FFF) << 13
    let sign = UInt32(bits & 0x8000) << 16
    if magnitude >= 0x0F80_0000 { return Float(bitPattern: sign | magnitude | 0x7F80_0000) }
    return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
  }

  /// The value of a bfloat16; exact.
  @inlinable package static func float(fromBFloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  /// The nearest binary16, ties to even; too large becomes infinity.
  @inlinable package static func binary16(_ value: Float) -> UInt16 {
    let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
    let magnitude = value.magnitude
    if value.isNaN { return sign | 0x7E00 | UInt16(truncatingIfNeeded: value.bitPattern >> 13) & 0x1FF }
    if magnitude >= 65520 { return sign | 0x7C00 }
    // Below the normal range the spacing is constant: adding 0.5 lets the addition's own rounding cut at that place.
    if magnitude < 0x1p-14 { return sign | UInt16(truncatingIfNeeded: (magnitude + 0.5).bitPattern - 0x3F00_0000) }
    let bits = magnitude.bitPattern - 0x3800_0000
    return sign | UInt16(truncatingIfNeeded: (bits + 0xFFF + (bits >> 13 & 1)) >> 13)
  }

  /// The nearest bfloat16, ties to even.
  @inlinable package static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
