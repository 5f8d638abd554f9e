import Kernels

/// The keys and values of the positions of a text that a model has already seen, for one layer: [room, G D] each.
///
/// Memory is taken as positions come, twice as much each time: texts are allowed to be long that turn out to be short.
public final class KeyValueLayer {
  private var keys: Tensor
  private var values: Tensor
  /// The most positions that it can hold.
  let capacity: Int
  private static let firstRoom = 128

  /// An empty cache for `capacity` positions of `width` = G D numbers.
  public init(capacity: Int, width: Int) {
    self.capacity = capacity
    keys = Tensor(uninitialized: [min(capacity, Self.firstRoom), width])
    values = Tensor(uninitialized: keys.shape)
  }

  /// The same keys and values, for another continuation: what is shared is copied when one of the two is added to.
  public init(branchOf other: KeyValueLayer) {
    (keys, values, capacity) = (other.keys, other.values, other.capacity)
  }

  /// The positions that there is memory for now.
  package var room: Int { keys.shape[0] }

  /// Stores the keys and values of new positions, `rows` of `packed` from column `column` on, behind the first `count`
  /// positions.
  fileprivate func append(_ packed: Tensor, rows: Range<Int>, column: Int, after count: Int) {
    let needed = count + rows.count
    let room = needed <= self.room ? self.room : min(capacity, max(needed, 2 * self.room))
    keys.append(packed, rows: rows, column: column, after: count, room: room)
    values.append(packed, rows: rows, column: column + values.shape[1], after: count, room: room)
  }

  /// The first `count` keys and values.
  fileprivate func matrices(_ count: Int) -> (keys: Matrix, values: Matrix) {
    let width = keys.shape[1]
    return (
      Matrix(keys.buffer, rows: count, columns: width), Matrix(values.buffer, rows: count, columns: width)
    )
  }
}

/// Attention of new positions of B texts, each over all of its positions so far: `packed` [B, n, (H + 2 G) D] holds the
/// queries, keys and values of the n positions of text i from `offsets[i]` on, whose keys and values are stored in `caches[i]`.
/// The result is [B, n, H D]. A position sees at most `window` keys, itself and those before it; scores are multiplied by
/// `scale`, by default 1 / sqrt(D).
///
/// Gradients do not flow through it; with the cache filled from the start it equals `selfAttention`.
package func cachedSelfAttention(
  _ packed: Tensor, heads: Int, keyHeads: Int, offsets: [Int], caches: [KeyValueLayer], rotary: (any Rotation)?,
  window: Int? = nil, scale: Float? = nil, precision: ProductPrecision = .float32
) -> Tensor {
  let (texts, count, dimension) = (packed.shape[0], packed.shape[1], packed.shape[2] / (heads + 2 * keyHeads))
  let shape = AttentionShape(
    sequences: texts, length: count, heads: heads, keyHeads: keyHeads, dimension: dimension, scale: scale)
  precondition(
    texts == caches.count && texts == offsets.count,
    "cachedSelfAttention: \(packed.shape) for \(caches.count) caches and \(offsets.count) offsets")
  precondition(
    zip(caches, offsets).allSatisfy { $1 + count <= $0.capacity },
    "cachedSelfAttention: \(count) positions more than \(offsets) in \(caches.map(\.capacity))")
  rotary?.check(dimension: dimension)
  var rotated = packed.copied()
  let positions = offsets.flatMap { ($0..<$0 + count).map(Int32.init) }
  rotary?.rotate(&rotated, heads: heads + keyHeads, dimension: dimension, positions: positions, direction: 1)
  var y = Tensor(uninitialized: [texts, count, shape.width])
  let out = y.mutableBuffer
  let sequences = zip(caches, offsets).enumerated().map { text, cached in
    let (cache, offset) = cached
    let rows = text * count..<(text + 1) * count
    cache.append(rotated, rows: rows, column: shape.width, after: offset)
    let (keys, values) = cache.matrices(offset + count)
    return CachedSequence(
      MutableMatrix(
        out[rows.lowerBound * shape.width..<rows.upperBound * shape.width], rows: count, columns: shape.width),
      queries: Matrix(
        rotated.buffer[rows.lowerBound * shape.stride..<rows.upperBound * shape.stride], rows: count,
        columns: shape.width, stride: shape.stride),
      keys: keys, values: values)
  }
  let firsts = positions.map { position in window.map { max(0, position - Int32(clamping: $0) + 1) } ?? 0 }
  cachedAttention(
    sequences, visible: VisibleKeys(firsts: firsts, ends: positions.map { $0 + 1 }), shape: shape, precision: precision)
  return y
}

extension Tensor {
  /// Puts columns of some rows of `source`, from `column` on, behind the first `count` rows of this matrix, which has `room` rows
  /// then. If its storage is shared, or has fewer, it gets one of its own with those rows.
  fileprivate mutating func append(_ source: Tensor, rows: Range<Int>, column: Int, after count: Int, room: Int) {
    let columns = shape[1]
    if room > shape[0] || !isKnownUniquelyReferenced(&storage) {
      var own = Tensor(uninitialized: [room, columns])
      copy(own.mutableBuffer[0..<count * columns], buffer[0..<count * columns])
      self = own
    }
    let stride = source.shape.columns
    copyBlock(
      MutableMatrix(mutableBuffer[count * columns..<buffer.count], rows: rows.count, columns: columns),
      Matrix(
        source.buffer[rows.lowerBound * stride + column..<source.shape.count], rows: rows.count, columns: columns,
        stride: stride))
  }
}
