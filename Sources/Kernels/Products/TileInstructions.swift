import CProcessor
import Glibc

/// The versions of the tiles that products are made of. All give the same bits.
package enum TileInstructions: String, CaseIterable, Sendable {
  /// 32 registers of 512 bits.
  case avx512
  /// 16 registers of 256 bits.
  case avx2
  /// What the program was compiled for.
  case plain

  /// Whether this processor and its system have them.
  package var isSupported: Bool {
    switch self {
    case .avx512: has_avx512_instructions()
    case .avx2: has_avx2_instructions()
    case .plain: true
    }
  }

  /// The widest that this processor has. `TRAIN_INSTRUCTIONS` may name narrower ones, to see what a product takes with them.
  package static let chosen: TileInstructions = {
    let widest = allCases.first { $0.isSupported } ?? .plain
    guard let name = getenv("TRAIN_INSTRUCTIONS"), let wanted = TileInstructions(rawValue: String(cString: name)),
      wanted.isSupported
    else { return widest }
    return wanted
  }()

  /// Computes a tile of floats.
  @inline(__always)
  func compute(_ tile: inout product_tile) {
    switch self {
    case .avx512: avx512_float_tile(&tile)
    case .avx2: avx2_float_tile(&tile)
    case .plain: plain_float_tile(&tile)
    }
  }

  /// Computes a slim tile of floats.
  func computeSlim(_ tile: inout product_tile) {
    switch self {
    case .avx512: avx512_float_slim_tile(&tile)
    case .avx2: avx2_float_slim_tile(&tile)
    case .plain: plain_float_slim_tile(&tile)
    }
  }
}
