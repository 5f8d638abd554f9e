import Numerics

/// A number as an optimizer keeps it from step to step.
protocol MomentElement: BitwiseCopyable, Sendable {
  var value: Float { get }
  /// `value` as it can be kept: rounded stochastically by the low 16 of `randomBits` where there are fewer bits, so that a
  /// mean of many roundings is right however small the changes are.
  init(_ value: Float, randomBits: UInt32)
}

extension Float: MomentElement {
  var value: Float { self }

  @inline(__always)
  init(_ value: Float, randomBits: UInt32) { self = value }
}

extension BFloat16: MomentElement {}
