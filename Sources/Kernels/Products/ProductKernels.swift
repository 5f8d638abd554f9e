import CInstructionSet

/// What computes matrix products.
package enum ProductKernels: Sendable {
  /// The program's own kernels, where there are 32 registers of 512 bits.
  case panels
  /// OpenBLAS.
  case library

  /// Whether this processor has instructions for products of numbers rounded to bfloat16. Where it has none, plain arithmetic gives
  /// the same bits.
  package static var hasBFloat16Instructions: Bool { BFloat16Panels.chosen.isNative }

  /// What the program was compiled for.
  package static var chosen: ProductKernels { instruction_set_is_512_bits_wide() ? .panels : .library }
}
