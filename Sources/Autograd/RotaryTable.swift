import Kernels

/// What rotates the queries and keys of a batch.
package protocol Rotation {
  /// Heads have two channels for each frequency; those that are left over are not rotated.
  func check(dimension: Int)
  /// Rotates the first `heads` heads of `dimension` channels of every row of x [..., columns] in place; each row has a
  /// position. `direction` -1 rotates back, which is the gradient.
  func rotate(_ x: inout Tensor, heads: Int, dimension: Int, positions: [Int32], direction: Float)
}

/// The rotation of rows by several tables: texts that are rotated by other angles than those beside them.
package struct RotationOfRuns: Rotation {
  private let runs: [(rows: Range<Int>, table: RotaryTable)]

  /// Each run of rows has its table.
  package init(_ runs: [(rows: Range<Int>, table: RotaryTable)]) { self.runs = runs }

  package func check(dimension: Int) {
    for run in runs { run.table.check(dimension: dimension) }
  }

  package func rotate(_ x: inout Tensor, heads: Int, dimension: Int, positions: [Int32], direction: Float) {
    for (rows, table) in runs {
      table.rotate(
        &x, rows: rows, heads: heads, dimension: dimension, positions: Array(positions[rows]), direction: direction)
    }
  }
}

/// The angles by which rotary embedding rotates each pair of channels at each position (Su et al. 2021). They are computed
/// when a position is first asked for: a model may be able to reach many more than it ever sees.
public final class RotaryTable: Rotation {
  /// The angle that a position rotates each pair by, in radians.
  let frequencies: [Double]
  /// What every rotated pair is multiplied by besides (YaRN and LongRoPE: Peng et al. 2023, Ding et al. 2024).
  let amplitude: Double
  /// How many positions there are.
  private let limit: Int
  /// cos and sin of position * frequency for the first positions, [known, pairs].
  private var cosines: Tensor
  private var sines: Tensor

  /// The table for `positions` positions from the frequency of each pair, in radians a position.
  public init(frequencies: [Double], amplitude: Double = 1, positions: Int) {
    self.frequencies = frequencies
    self.amplitude = amplitude
    limit = positions
    cosines = Tensor(uninitialized: [0, frequencies.count])
    sines = cosines
  }

  package func check(dimension: Int) {
    precondition(
      dimension >= 2 * frequencies.count,
      "rotary embedding: heads of \(dimension) channels, \(frequencies.count) frequencies")
  }

  package func rotate(_ x: inout Tensor, heads: Int, dimension: Int, positions: [Int32], direction: Float) {
    rotate(
      &x, rows: 0..<x.shape.rows, heads: heads, dimension: dimension, positions: positions, direction: direction)
  }

  /// The same for some of the rows, each of which has a position.
  fileprivate func rotate(
    _ x: inout Tensor, rows: Range<Int>, heads: Int, dimension: Int, positions: [Int32], direction: Float
  ) {
    precondition(
      positions.allSatisfy { $0 >= 0 && $0 < limit }, "rotary embedding: a position is outside the table's \(limit)")
    guard let last = positions.max() else { return }
    if last >= cosines.shape[0] { extend(to: min(limit, max(Int(last) + 1, 2 * cosines.shape[0], 64))) }
    let angles = RotaryAngles(cosines: cosines.buffer, sines: sines.buffer, pairs: frequencies.count)
    let columns = x.shape.columns
    let part = x.mutableBuffer[rows.lowerBound * columns..<rows.upperBound * columns]
    Kernels.rotate(
      MutableMatrix(part, rows: rows.count, columns: columns), heads: heads, dimension: dimension, positions: positions,
      angles, direction: direction)
  }

  private func extend(to count: Int) {
    cosines = Tensor(uninitialized: [count, frequencies.count])
    sines = Tensor(uninitialized: [count, frequencies.count])
    rotaryAngles(
      cosines: cosines.mutableBuffer, sines: sines.mutableBuffer, frequencies: frequencies, amplitude: amplitude,
      positions: count)
  }
}
