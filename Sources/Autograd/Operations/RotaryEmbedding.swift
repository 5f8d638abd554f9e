import Kernels

/// Rotary position embedding (Su et al. 2021) in the rotate-half convention: channel i of a head and channel i + R / 2 are
/// rotated as a pair by the angle position * frequency[i], for as many R / 2 pairs as there are frequencies. The channels
/// from R on stay as they are.
///
/// x is [..., H, D] with one position for each row of heads; the gradient is rotated back by the same angles.
public func rotaryEmbedding(_ x: Tensor, positions: [Int32], table: RotaryTable) -> Tensor {
  let (heads, dimension) = (x.shape[-2], x.shape[-1])
  let rows = x.shape.count / max(1, heads * dimension)
  table.check(dimension: dimension)
  precondition(positions.count == rows, "rotaryEmbedding: \(positions.count) positions for \(x.shape)")
  func rotated(_ x: Tensor, direction: Float) -> Tensor {
    var y = x.copied().viewed(as: [rows, heads * dimension])
    table.rotate(&y, heads: heads, dimension: dimension, positions: positions, direction: direction)
    return y.viewed(as: x.shape)
  }
  return .record("rotaryEmbedding", [x], output: rotated(x, direction: 1)) { back in
    back.add(rotated(back.gradient, direction: -1), to: 0)
  }
}
