/// A number as an optimizer keeps it from step to step.
protocol MomentElement: BitwiseCopyable, Sendable {
  var value: Float { get }
  /// `value` as it can be kept. Where that rounds, the low 16 bits of `chance` decide whether up or down, so that a mean of
  /// many roundings is right however small the changes are (stochastic rounding).
  init(_ value: Float, chance: UInt32)
}

extension Float: MomentElement {
  var value: Float { self }

  @inline(__always)
  init(_ value: Float, chance: UInt32) { self = value }
}

/// The upper half of a 32-bit float: its range, and eight bits of precision.
package struct BFloat16: MomentElement {
  package let bits: UInt16

  package init(bits: UInt16) { self.bits = bits }

  @inline(__always)
  package var value: Float { Float(bitPattern: UInt32(bits) &<< 16) }

  /// Adds 16 random bits below the last one that is kept: a carry is as likely as what is cut off is large.
  @inline(__always)
  init(_ value: Float, chance: UInt32) {
    bits = UInt16(truncatingIfNeeded: (value.bitPattern &+ (chance & 0xFFFF)) &>> 16)
  }
}
