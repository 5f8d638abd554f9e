import CInstructionSet

/// What computes matrix products.
package enum ProductKernels: Sendable {
  /// The program's own kernels, where there are 32 registers of 512 bits.
  case panels
  /// OpenBLAS.
  case library

  /// What the program was compiled for.
  package static var chosen: ProductKernels { instruction_set_is_512_bits_wide() ? .panels : .library }
}
