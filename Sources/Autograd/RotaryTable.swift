import Kernels

/// The angles by which rotary embedding turns each pair of channels at each position (Su et al. 2021). They are computed
/// when a position is first asked for: a model may be able to reach many more than it ever sees.
public final class RotaryTable {
  /// The angle that a position turns each pair by, in radians.
  let frequencies: [Double]
  /// How many positions there are.
  let positions: Int
  /// cos and sin of position * frequency for the first positions, [known, pairs].
  private var cosines: Tensor
  private var sines: Tensor

  /// The table for `positions` positions from the frequency of each pair, in radians a position.
  public init(frequencies: [Double], positions: Int) {
    self.frequencies = frequencies
    self.positions = positions
    cosines = Tensor(uninitialized: [0, frequencies.count])
    sines = cosines
  }

  /// Heads have two channels for each frequency.
  func check(dimension: Int) {
    precondition(
      dimension == 2 * frequencies.count,
      "rotary embedding: heads of \(dimension) channels, \(frequencies.count) frequencies")
  }

  /// Turns the first `heads` heads of every row of x in place; a row has `stride` numbers and a position of its own.
  /// `direction` -1 turns back, which is the gradient.
  func turn(
    _ x: UnsafeMutablePointer<Float>, stride: Int, heads: Int, positions rows: [Int32], direction: Float
  ) {
    precondition(
      rows.allSatisfy { $0 >= 0 && $0 < positions }, "rotary embedding: a position is outside the table's \(positions)")
    guard let last = rows.max() else { return }
    if last >= cosines.shape[0] { extend(to: min(positions, max(Int(last) + 1, 2 * cosines.shape[0], 64))) }
    rotate(
      x, stride: stride, heads: heads, dimension: 2 * frequencies.count, positions: rows, cosines: cosines.pointer,
      sines: sines.pointer, direction: direction, rows: rows.count)
  }

  private func extend(to count: Int) {
    cosines = Tensor(uninitialized: [count, frequencies.count])
    sines = Tensor(uninitialized: [count, frequencies.count])
    rotaryAngles(cosines: cosines.pointer, sines: sines.pointer, frequencies: frequencies, positions: count)
  }
}
