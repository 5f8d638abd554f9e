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

  /// Texts of one variant are rotated by the same angles; zero is that of the shortest.
  func variant(reach: Int) -> Int { scaling?.variant(reach: reach) ?? 0 }
}

extension [RotaryPlan] {
  /// The variants of all plans in one number: each is at most the number of positions, 2^20.
  func variant(reach: Int) -> Int { reduce(0) { $0 << 21 | $1.variant(reach: reach) } }
}

/// The tables of one plan: more than one where the angles depend on how long a text is.
final class RotaryTables {
  private let plan: RotaryPlan
  private let limit: Int
  private let usual: RotaryTable
  /// The others that the last batch needed, by variant.
  private var others: [Int: RotaryTable] = [:]

  /// Tables for positions below `limit`.
  init(_ plan: RotaryPlan, limit: Int) {
    (self.plan, self.limit) = (plan, limit)
    usual = RotaryTable(frequencies: plan.frequencies(), amplitude: plan.amplitude, positions: limit)
  }

  /// What rotates `count` tokens. Each document by the angles for its own length, whatever lies beside it: those that
  /// transformers gives it alone. Texts in caches are of one variant.
  func rotation(of attention: AttentionMode, count: Int) -> any Rotation {
    guard let scaling = plan.scaling, scaling.followsLength else { return usual }
    guard case .sequences(let layout) = attention else { return tables(reaches: [attention.reach(count: count)])[0] }
    var runs: [(rows: Range<Int>, reach: Int)] = []
    for document in layout.documents {
      if let last = runs.last, scaling.variant(reach: last.reach) == scaling.variant(reach: document.reach) {
        runs[runs.count - 1].rows = last.rows.lowerBound..<document.tokens.upperBound
      } else {
        runs.append((document.tokens, document.reach))
      }
    }
    let tables = tables(reaches: runs.map(\.reach))
    return runs.count == 1 ? tables[0] : RotationOfRuns(zip(runs, tables).map { (rows: $0.rows, table: $1) })
  }

  /// The tables for texts of so many positions.
  private func tables(reaches: [Int]) -> [RotaryTable] {
    var needed: [Int: RotaryTable] = [:]
    defer { others = needed }
    return reaches.map { reach in
      let variant = plan.variant(reach: reach)
      if variant == 0 { return usual }
      let table =
        needed[variant] ?? others[variant]
        ?? RotaryTable(frequencies: plan.frequencies(reach: reach), amplitude: plan.amplitude, positions: limit)
      needed[variant] = table
      return table
    }
  }
}
