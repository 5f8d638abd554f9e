import Kernels

/// Rotary position embedding (Su et al. 2021) in the rotate-half convention: channel i of a head and channel i + D / 2 are
/// turned as a pair by the angle position * frequency[i].
///
/// x is [..., H, D] with one position for each row of heads; the gradient is turned back by the same angles.
public func rotaryEmbedding(_ x: Tensor, positions: [Int32], table: RotaryTable) -> Tensor {
  let (heads, dimension) = (x.shape[-2], x.shape[-1])
  let rows = x.shape.count / max(1, heads * dimension)
  precondition(
    dimension == 2 * table.cosines.shape[1], "rotaryEmbedding: \(x.shape) does not fit \(table.cosines.shape[1]) pairs")
  precondition(positions.count == rows, "rotaryEmbedding: \(positions.count) positions for \(x.shape)")
  precondition(
    positions.allSatisfy { $0 >= 0 && $0 < table.cosines.shape[0] },
    "rotaryEmbedding: a position is outside the table's \(table.cosines.shape[0])")
  func turned(_ x: Tensor, direction: Float) -> Tensor {
    let y = x.copied()
    rotate(
      y.pointer, stride: heads * dimension, heads: heads, dimension: dimension, positions: positions,
      cosines: table.cosines.pointer, sines: table.sines.pointer, direction: direction, rows: rows)
    return y
  }
  return .record("rotaryEmbedding", [x], output: turned(x, direction: 1)) { back in
    back.add(turned(back.gradient, direction: -1), to: 0)
  }
}
