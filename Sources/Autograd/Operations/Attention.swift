import Kernels

/// Self-attention with grouped key heads and rotary positions; `layout` says where each token stands and what it sees.
///
/// `packed` is [B, T, (H + 2 G) D]: a token's queries, keys and values beside each other. The result is [B, T, H D]. Queries
/// and keys are rotated by `rotary` first, in the storage of `packed` if nobody else holds it, which is the case for the
/// result of an operation that is passed on directly. Scores are multiplied by `scale`, by default 1 / sqrt(D); `precision` is
/// that of the products.
package func selfAttention(
  _ packed: consuming Tensor, heads: Int, keyHeads: Int, layout: SequenceLayout, rotary: (any Rotation)?,
  scale: Float? = nil, precision: ProductPrecision = .float32
) -> Tensor {
  let (sequences, length) = (packed.shape[0], packed.shape[1])
  let dimension = packed.shape[2] / (heads + 2 * keyHeads)
  precondition(
    packed.shape[2] == (heads + 2 * keyHeads) * dimension && heads % keyHeads == 0,
    "selfAttention: \(packed.shape) does not hold \(heads) heads and \(keyHeads) key heads")
  precondition(
    layout.rows == sequences && layout.columns == length,
    "selfAttention: a layout of \(layout.rows) x \(layout.columns) tokens for \(packed.shape)")
  rotary?.check(dimension: dimension)
  let shape = AttentionShape(
    sequences: sequences, length: length, heads: heads, keyHeads: keyHeads, dimension: dimension, scale: scale)
  let recorded = Tensor(
    storage: Storage(count: 0), shape: [0], node: packed.node, slot: packed.slot)
  var rotated = packed.detached()
  _ = consume packed
  rotary?.rotate(
    &rotated, heads: heads + keyHeads, dimension: dimension, positions: layout.positions, direction: 1)
  var y = Tensor(uninitialized: [sequences, length, shape.width])
  let normalizers = Storage(count: sequences * heads * length)
  attentionForward(
    y.mutableBuffer, logSumExp: normalizers.mutableBuffer, rotated.buffer, visible: layout.visible, shape: shape,
    precision: precision)

  let (saved, y0) = (rotated, y)
  return .record("selfAttention", [recorded], output: y) { back in
    var gradient = Tensor(uninitialized: saved.shape)
    attentionBackward(
      gradient.mutableBuffer, back.gradient.buffer, y0.buffer, logSumExp: normalizers.buffer, saved.buffer,
      visible: layout.visible, shape: shape, precision: precision)
    rotary?.rotate(
      &gradient, heads: heads + keyHeads, dimension: dimension, positions: layout.positions, direction: -1)
    back.add(gradient, to: 0)
  }
}
