/// What computes matrix products.
package enum ProductKernels: Sendable {
  /// The program's own kernels.
  case panels
  /// OpenBLAS.
  case library

  /// Whether this processor has instructions for products of numbers rounded to bfloat16. Where it has none, plain arithmetic gives
  /// the same bits.
  package static var hasBFloat16Instructions: Bool { BFloat16Panels.chosen.isNative }

  /// The program's own wherever their tiles are written for the processor's instructions.
  package static let chosen: ProductKernels = TileInstructions.chosen == .plain ? .library : .panels
}
