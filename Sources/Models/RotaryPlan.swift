import Autograd
import Foundation

/// How heads are rotated: which of their channels, by which angles.
struct RotaryPlan: Equatable, Sendable {
  /// R, the number of channels of a head that are rotated, the first ones.
  var width: Int
  /// The base of the wavelengths.
  var theta: Double
  /// How the wavelengths are scaled; nil if they are not.
  var scaling: RopeScaling?

  /// The angle by which a position rotates each pair of channels: theta^(-2 i / R), scaled for texts of `reach` positions.
  func frequencies(reach: Int = 0) -> [Double] {
    let base = scaling?.base(theta, width: width, reach: reach) ?? theta
    let frequencies = (0..<width / 2).map { pow(base, -Double(2 * $0) / Double(width)) }
    return scaling?.scaled(frequencies, theta: theta, width: width, reach: reach) ?? frequencies
  }

  /// What rotated pairs are multiplied by besides.
  var amplitude: Double { scaling?.amplitude ?? 1 }
}

/// The tables of one plan: more than one where the angles depend on how long a text is.
final class RotaryTables {
  private let plan: RotaryPlan
  private let limit: Int
  private let usual: RotaryTable
  private var other: (variant: Int, table: RotaryTable)?

  /// Tables for positions below `limit`.
  init(_ plan: RotaryPlan, limit: Int) {
    (self.plan, self.limit) = (plan, limit)
    usual = RotaryTable(frequencies: plan.frequencies(), amplitude: plan.amplitude, positions: limit)
  }

  /// The table for texts of `reach` positions.
  func table(reach: Int) -> RotaryTable {
    let variant = plan.scaling?.variant(reach: reach) ?? 0
    if variant == 0 { return usual }
    if let other, other.variant == variant { return other.table }
    let table = RotaryTable(
      frequencies: plan.frequencies(reach: reach), amplitude: plan.amplitude, positions: limit)
    other = (variant, table)
    return table
  }
}
