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

  /// Stores the keys and values of new positions, rows of `packed` from column `column` on, behind the first `count`
  /// positions; copies those first if another cache shares them.
  fileprivate mutating func append(_ packed: Tensor, column: Int, after count: Int) {
    keys.append(packed, column: column, after: count)
    values.append(packed, column: column + values.shape[1], after: count)
  }
}

/// Attention of new positions over all positions so far: `packed` [1, n, (H + 2 G) D] holds the queries, keys and values of
/// the positions `offset`..<`offset` + n, whose keys and values are stored in `cache`. The result is [1, n, H D]. A position
/// sees at most `window` keys, itself and those before it; scores are multiplied by `scale`, by default 1 / sqrt(D).
///
/// Gradients do not flow through it; with the cache filled from the start it equals `selfAttention`.
public func cachedSelfAttention(
  _ packed: Tensor, heads: Int, keyHeads: Int, offset: Int, cache: inout KeyValueLayer, rotary: RotaryTable?,
  window: Int? = nil, scale: Float? = nil
) -> Tensor {
  let (count, dimension) = (packed.shape[1], packed.shape[2] / (heads + 2 * keyHeads))
  let shape = AttentionShape(
    sequences: 1, length: count, heads: heads, keyHeads: keyHeads, dimension: dimension, scale: scale)
  let end = offset + count
  precondition(packed.shape[0] == 1, "cachedSelfAttention: \(packed.shape) is more than one sequence")
  precondition(end <= cache.keys.shape[0], "cachedSelfAttention: \(end) positions in \(cache.keys.shape)")
  rotary?.check(dimension: dimension)
  var rotated = packed.copied()
  let positions = (offset..<end).map(Int32.init)
  rotary?.rotate(&rotated, heads: heads + keyHeads, dimension: dimension, positions: positions, direction: 1)
  cache.append(rotated, column: shape.width, after: offset)
  var y = Tensor(uninitialized: [1, count, shape.width])
  let firsts = positions.map { position in window.map { max(0, position - Int32(clamping: $0) + 1) } ?? 0 }
  let visible = VisibleKeys(firsts: firsts, ends: positions.map { $0 + 1 })
  cachedAttention(
    y.mutableMatrix, queries: Matrix(rotated.buffer, rows: count, columns: shape.width, stride: shape.stride),
    keys: Matrix(cache.keys.buffer, rows: end, columns: shape.keyWidth),
    values: Matrix(cache.values.buffer, rows: end, columns: shape.keyWidth), visible: visible, shape: shape)
  return y
}

extension Tensor {
  /// Puts columns of the rows of `source`, from `column` on, behind the first `count` rows of this matrix. If its storage is
  /// shared, it gets one of its own with those rows.
  fileprivate mutating func append(_ source: Tensor, column: Int, after count: Int) {
    let columns = shape[1]
    if !isKnownUniquelyReferenced(&storage) {
      var own = Tensor(uninitialized: shape)
      copy(own.mutableBuffer[0..<count * columns], buffer[0..<count * columns])
      self = own
    }
    let (rows, stride) = (source.shape.rows, source.shape.columns)
    let rest = buffer.count - count * columns
    copyBlock(
      MutableMatrix(mutableBuffer[count * columns..<count * columns + rest], rows: rows, columns: columns),
      Matrix(source.buffer[column..<source.shape.count], rows: rows, columns: columns, stride: stride))
  }
}
