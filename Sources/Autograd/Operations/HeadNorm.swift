import Kernels

/// Root mean square normalisation of the queries and of the keys of `packed` [..., (H + 2 G) D], which hold a token's queries, keys
/// and values beside each other; the values stay as they are. A weight of the width D normalises each head by itself, one of
/// the width of all queries, or of all keys, normalises them together.
public func headNorm(
  _ packed: Tensor, heads: Int, keyHeads: Int, queryWeight: Tensor, keyWeight: Tensor, epsilon: Float
) -> Tensor {
  let columns = packed.shape.columns
  let dimension = columns / (heads + 2 * keyHeads)
  let parts = [(heads, queryWeight), (keyHeads, keyWeight)].map { heads, weight in
    let width = weight.shape.count
    precondition(
      weight.shape.rank == 1 && (width == dimension || width == heads * dimension),
      "headNorm: a weight \(weight.shape) for \(heads) heads of \(packed.shape)")
    return NormGroups(count: heads * dimension / width, width: width)
  }
  let (rows, groups) = (packed.shape.rows, parts.reduce(0) { $0 + $1.count })
  var y = Tensor(uninitialized: packed.shape)
  let inverse = Storage(count: rows * groups)
  let weights = [queryWeight.detached(), keyWeight.detached()]
  headNormForward(
    y.mutableMatrix, inverse: inverse.mutableBuffer, packed.matrix, zip(parts, weights).map { ($0, $1.buffer) },
    epsilon: epsilon)

  let x0 = packed.detached()
  return .record("headNorm", [packed, queryWeight, keyWeight], output: y) { back in
    var dx = Tensor(uninitialized: x0.shape)
    let both = Storage(count: parts[0].width + parts[1].width)
    headNormBackward(
      dx.mutableMatrix, dw: both.mutableBuffer, back.gradient.matrix, x0.matrix, inverse: inverse.buffer,
      zip(parts, weights).map { ($0, $1.buffer) })
    back.add(dx, to: 0)
    back.add(Tensor(storage: both, shape: weights[0].shape), to: 1)
    back.add(Tensor(storage: both, offset: parts[0].width, shape: weights[1].shape), to: 2)
  }
}
