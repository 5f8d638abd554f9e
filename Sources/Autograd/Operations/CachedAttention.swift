import Kernels

/// The keys and values of the positions that a model has already seen, for one layer: [capacity, G D] each.
public struct KeyValueLayer {
  package var keys: Tensor
  package var values: Tensor

  /// An empty cache for `capacity` positions of `width` = G D numbers.
  public init(capacity: Int, width: Int) {
    keys = Tensor(uninitialized: [capacity, width])
    values = Tensor(uninitialized: [capacity, width])
  }

  /// Makes the storage this copy's own before it is written, with the first `count` positions.
  fileprivate mutating func makeUnique(keeping count: Int) {
    if !isKnownUniquelyReferenced(&keys.storage) { keys = keys.copied(rows: count) }
    if !isKnownUniquelyReferenced(&values.storage) { values = values.copied(rows: count) }
  }
}

/// Attention of new positions over all positions so far: `packed` [1, n, (H + 2 G) D] holds the queries, keys and values of
/// the positions `offset`..<`offset` + n, whose keys and values are stored in `cache`. The result is [1, n, H D].
///
/// Gradients do not flow through it; with the cache filled from the start it equals `selfAttention`.
public func cachedSelfAttention(
  _ packed: Tensor, heads: Int, keyHeads: Int, offset: Int, cache: inout KeyValueLayer, rotary: RotaryTable?
) -> Tensor {
  let (count, dimension) = (packed.shape[1], packed.shape[2] / (heads + 2 * keyHeads))
  let shape = AttentionShape(
    sequences: 1, length: count, heads: heads, keyHeads: keyHeads, dimension: dimension)
  let width = keyHeads * dimension
  precondition(packed.shape[0] == 1, "cachedSelfAttention: \(packed.shape) is more than one sequence")
  precondition(
    offset + count <= cache.keys.shape[0], "cachedSelfAttention: \(offset + count) positions in \(cache.keys.shape)")
  rotary?.check(dimension: dimension)
  let turned = packed.copied()
  if let rotary {
    rotary.turn(
      turned.pointer, stride: shape.stride, heads: heads + keyHeads,
      positions: (offset..<offset + count).map(Int32.init), direction: 1)
  }
  cache.makeUnique(keeping: offset)
  for row in 0..<count {
    let source = turned.pointer + row * shape.stride + heads * dimension
    (cache.keys.pointer + (offset + row) * width).update(from: source, count: width)
    (cache.values.pointer + (offset + row) * width).update(from: source + width, count: width)
  }
  let y = Tensor(uninitialized: [1, count, shape.width])
  cachedAttention(
    y.pointer, queries: turned.pointer, queryStride: shape.stride, keys: cache.keys.pointer,
    values: cache.values.pointer, count: count, offset: offset, shape: shape)
  return y
}

extension Tensor {
  /// A matrix of this shape in storage of its own, with the first `rows` rows of this one.
  fileprivate func copied(rows: Int) -> Tensor {
    let result = Tensor(uninitialized: shape)
    result.pointer.update(from: pointer, count: rows * shape[1])
    return result
  }
}
