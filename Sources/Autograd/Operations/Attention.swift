import Kernels

/// Causal self-attention with grouped key heads and rotary positions; `places` says what each token sees.
///
/// `packed` is [B, T, (H + 2 G) D]: a token's queries, keys and values beside each other. The result is [B, T, H D]. Queries
/// and keys are turned by `rotary` first, in the storage of `packed` if nobody else holds it, which is the case for the
/// result of an operation that is passed on directly.
public func selfAttention(
  _ packed: consuming Tensor, heads: Int, keyHeads: Int, places: TokenPlaces, rotary: RotaryTable?
) -> Tensor {
  let (sequences, length) = (packed.shape[0], packed.shape[1])
  let dimension = packed.shape[2] / (heads + 2 * keyHeads)
  precondition(
    packed.shape[2] == (heads + 2 * keyHeads) * dimension && heads % keyHeads == 0,
    "selfAttention: \(packed.shape) does not hold \(heads) heads and \(keyHeads) key heads")
  precondition(
    places.positions.count == sequences * length, "selfAttention: \(places.positions.count) places for \(packed.shape)")
  places.check(columns: length)
  rotary?.check(dimension: dimension)
  let shape = AttentionShape(
    sequences: sequences, length: length, heads: heads, keyHeads: keyHeads, dimension: dimension)
  let recorded = Tensor(
    storage: Storage(count: 0), shape: [0], node: packed.node, slot: packed.slot)
  var turned = packed.detached()
  _ = consume packed
  if let rotary {
    turned.makeUnique()
    rotate(turned, rotary, places, shape, direction: 1)
  }
  let y = Tensor(uninitialized: [sequences, length, shape.width])
  let normalizers = Storage(count: sequences * heads * length)
  attentionForward(
    y.pointer, logSumExp: normalizers.pointer, turned.pointer, mask: places.mask, shape: shape)

  let (saved, y0) = (turned, y)
  return .record("selfAttention", [recorded], output: y) { back in
    let gradient = Tensor(uninitialized: saved.shape)
    attentionBackward(
      gradient.pointer, back.gradient.pointer, y0.pointer, logSumExp: normalizers.pointer, saved.pointer,
      mask: places.mask, shape: shape)
    if let rotary { rotate(gradient, rotary, places, shape, direction: -1) }
    back.add(gradient, to: 0)
  }
}

private func rotate(
  _ packed: Tensor, _ rotary: RotaryTable, _ places: TokenPlaces, _ shape: AttentionShape, direction: Float
) {
  rotary.turn(
    packed.pointer, stride: shape.stride, heads: shape.heads + shape.keyHeads, positions: places.positions,
    direction: direction)
}
