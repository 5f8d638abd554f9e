import Kernels

/// The angles by which rotary embedding rotates each pair of channels at each position (Su et al. 2021). They are computed
/// when a position is first asked for: a model may be able to reach many more than it ever sees.
public final class RotaryTable {
  /// The angle that a position rotates each pair by, in radians.
  let frequencies: [Double]
  /// What every rotated pair is multiplied by besides (YaRN and LongRoPE: Peng et al. 2023, Ding et al. 2024).
  let amplitude: Double
  /// How many positions there are.
  let positions: Int
  /// cos and sin of position * frequency for the first positions, [known, pairs].
  private var cosines: Tensor
  private var sines: Tensor

  /// The table for `positions` positions from the frequency of each pair, in radians a position.
  public init(frequencies: [Double], amplitude: Double = 1, positions: Int) {
    self.frequencies = frequencies
    self.amplitude = amplitude
    self.positions = positions
    cosines = Tensor(uninitialized: [0, frequencies.count])
    sines = cosines
  }

  /// Heads have two channels for each frequency; those that are left over are not rotated.
  func check(dimension: Int) {
    precondition(
      dimension >= 2 * frequencies.count,
      "rotary embedding: heads of \(dimension) channels, \(frequencies.count) frequencies")
  }

  /// Rotates the first `heads` heads of `dimension` channels of every row of x [..., columns] in place; each row has a
  /// position. `direction` -1 rotates back, which is the gradient.
  func rotate(_ x: inout Tensor, heads: Int, dimension: Int, positions rows: [Int32], direction: Float) {
    precondition(
      rows.allSatisfy { $0 >= 0 && $0 < positions }, "rotary embedding: a position is outside the table's \(positions)")
    guard let last = rows.max() else { return }
    if last >= cosines.shape[0] { extend(to: min(positions, max(Int(last) + 1, 2 * cosines.shape[0], 64))) }
    let angles = RotaryAngles(cosines: cosines.buffer, sines: sines.buffer, pairs: frequencies.count)
    Kernels.rotate(
      x.mutableMatrix, heads: heads, dimension: dimension, positions: rows, angles, direction: direction)
  }

  private func extend(to count: Int) {
    cosines = Tensor(uninitialized: [count, frequencies.count])
    sines = Tensor(uninitialized: [count, frequencies.count])
    rotaryAngles(
      cosines: cosines.mutableBuffer, sines: sines.mutableBuffer, frequencies: frequencies, amplitude: amplitude,
      positions: count)
  }
}
