import CProcessor
import Glibc

/// The versions of the tiles that products are made of. All give the same bits of a product of floats.
package enum TileInstructions: String, CaseIterable, Sendable {
  /// Those of AVX-512, and of numbers rounded to bfloat16 eight registers of 16 x 16 sums or 16 x 16 pairs. Those tiles add in another
  /// order.
  case amx
  /// 32 registers of 512 bits.
  case avx512
  /// 16 registers of 256 bits.
  case avx2
  /// What the program was compiled for.
  case plain

  /// Whether this processor and its system have them.
  package var isSupported: Bool {
    switch self {
    case .amx: has_amx_instructions()
    case .avx512: has_avx512_instructions()
    case .avx2: has_avx2_instructions()
    case .plain: true
    }
  }

  /// Whether vectors have 512 bits.
  package var hasWideVectors: Bool { self == .amx || self == .avx512 }

  /// The variable that may name narrower ones than the processor's, to see what a product takes with them.
  package static let variable = "TRAIN_INSTRUCTIONS"

  /// What the variable says; nil where it is not set, or empty.
  package static let asked = getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

  /// Those of a name, if this processor has them.
  package static func supported(_ name: String) -> TileInstructions? {
    TileInstructions(rawValue: name).flatMap { $0.isSupported ? $0 : nil }
  }

  /// Those that were asked for, else the widest that this processor has.
  package static let chosen = asked.flatMap(supported) ?? allCases.first { $0.isSupported } ?? .plain

  /// Computes a tile of floats.
  @inline(__always)
  func compute(_ tile: inout product_tile) {
    switch self {
    case .amx, .avx512: avx512_float_tile(&tile)
    case .avx2: avx2_float_tile(&tile)
    case .plain: plain_float_tile(&tile)
    }
  }

  /// Computes a slim tile of floats.
  func computeSlim(_ tile: inout product_tile) {
    switch self {
    case .amx, .avx512: avx512_float_slim_tile(&tile)
    case .avx2: avx2_float_slim_tile(&tile)
    case .plain: plain_float_slim_tile(&tile)
    }
  }
}
