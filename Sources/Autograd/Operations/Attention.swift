import Kernels

/// The angles by which rotary embedding turns each pair of channels at each position (Su et al. 2021).
public struct RotaryTable {
  /// cos and sin of position * frequency, [positions, dimension / 2].
  package let cosines: Tensor
  package let sines: Tensor

  /// The table for `positions` positions from the frequency of each pair, in radians a position.
  public init(frequencies: [Double], positions: Int) {
    let angles = (0..<positions).flatMap { position in frequencies.map { Double(position) * $0 } }
    let shape: Shape = [positions, frequencies.count]
    cosines = Tensor(angles.map { Float(cosine($0)) }, shape: shape)
    sines = Tensor(angles.map { Float(sine($0)) }, shape: shape)
  }
}

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
  places.check(columns: length, rotary: rotary, dimension: dimension)
  let shape = AttentionShape(
    sequences: sequences, length: length, heads: heads, keyHeads: keyHeads, dimension: dimension)
  let recorded = Tensor(
    storage: Storage(count: 0), shape: [0], node: packed.node, slot: packed.slot)
  var turned = packed.detached()
  _ = consume packed
  if let rotary {
    if !isKnownUniquelyReferenced(&turned.storage) { turned = turned.copied() }
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
  Kernels.rotate(
    packed.pointer, stride: shape.stride, heads: shape.heads + shape.keyHeads, dimension: shape.dimension,
    positions: places.positions, cosines: rotary.cosines.pointer, sines: rotary.sines.pointer, direction: direction,
    rows: shape.sequences * shape.length)
}
