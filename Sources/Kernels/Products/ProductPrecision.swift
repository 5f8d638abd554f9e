/// How the operands of a product are rounded before they are multiplied. Sums have 32 bits in either case.
package enum ProductPrecision: String, Sendable, CaseIterable {
  /// Not at all.
  case float32
  /// To the nearest bfloat16: twice the speed where the processor has the instructions. What is smaller than the smallest normal
  /// number counts as zero.
  case bfloat16
}
