import Kernels

/// Rotary position embedding (Su et al. 2021) in the rotate-half convention: channel i of a head and channel i + D / 2 are
/// turned as a pair by the angle position * frequency[i].
///
/// x is [..., H, D] with one position for each row of heads; the gradient is turned back by the same angles.
public func rotaryEmbedding(_ x: Tensor, positions: [Int32], table: RotaryTable) -> Tensor {
  let (heads, dimension) = (x.shape[-2], x.shape[-1])
  let rows = x.shape.count / max(1, heads * dimension)
  table.check(dimension: dimension)
  precondition(positions.count == rows, "rotaryEmbedding: \(positions.count) positions for \(x.shape)")
  func turned(_ x: Tensor, direction: Float) -> Tensor {
    let y = x.copied()
    table.turn(y.pointer, stride: heads * dimension, heads: heads, positions: positions, direction: direction)
    return y
  }
  return .record("rotaryEmbedding", [x], output: turned(x, direction: 1)) { back in
    back.add(turned(back.gradient, direction: -1), to: 0)
  }
}
