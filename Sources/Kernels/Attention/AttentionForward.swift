// Attention (Vaswani et al. 2017) in tiles of queries, with grouped key heads and any keys hidden from a query.
//
// Legend: B sequences, T positions, H query heads, G key heads, D channels a head. Queries, keys and values lie beside
// each other in one row a token: [q (H D) | k (G D) | v (G D)]. What a query sees, `VisibleKeys` says.
//   P = softmax(Q K^T / sqrt(D)),  O = P V
//   dP = dO V^T,  dS = P (dP - rowsum(dO O)),  dQ = dS K / sqrt(D),  dK = dS^T Q / sqrt(D),  dV = P^T dO
// No more than a tile of rows of P exists at a time, without the keys that none of them sees; the backward pass recomputes
// it from the logsumexp of each row.

/// Fewer queries than these, as in generation, do not pay for transposing all keys.
let fewQueries = 8

/// Floats that a tile of scores takes whose rows are of `width`, with two more for each row.
func tileSize(width: Int) -> Int { attentionTile * (width + 2) }

/// O [B T, H D] and the logsumexp of each row of scores [B, H, T] from packed rows [B T, (H + 2 G) D]. `precision` is that of the
/// products.
package func attentionForward(
  _ out: MutableBuffer, logSumExp: MutableBuffer, _ packed: Buffer, visible: VisibleKeys, shape: AttentionShape,
  precision: ProductPrecision = .float32
) {
  switch precision {
  case .float32: attentionForward(FloatHeadProducts.self, out, logSumExp: logSumExp, packed, visible, shape)
  case .bfloat16: attentionForward(RoundedHeadProducts.self, out, logSumExp: logSumExp, packed, visible, shape)
  }
}

private func attentionForward<Products: HeadProducts>(
  _: Products.Type, _ out: MutableBuffer, logSumExp: MutableBuffer, _ packed: Buffer, _ visible: VisibleKeys,
  _ shape: AttentionShape
) {
  Profile.begin("attention forward", operations: visible.pairCount * 4 * shape.width)
  defer { Profile.end() }
  let (out, logSumExp, packed, length) = (out.pointer, logSumExp.pointer, packed.pointer, shape.length)
  let width = visible.widestTile(length: length, alignment: Products.alignment)
  let scoresSize = tileSize(width: width)
  let scratchSize =
    scoresSize + Products.size(length: length, dimension: shape.dimension, width: width, isBackward: false)
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  visible.withPointers { visible in
    Parallel.run(shape.sequences * shape.heads, threads: threads) { item, thread in
      let (sequence, head) = (item / shape.heads, item % shape.heads)
      let scratch = scratch + thread * scratchSize
      let keys = shape.keys(packed, sequence, head)
      AttentionHead(
        shape: shape, visible: visible, row: sequence * length, queries: shape.queries(packed, sequence, head),
        upcoming: UpcomingHead(after: item, on: thread, packed, shape)
      ).attend(
        RawMutableMatrix(mutating: shape.output(out, sequence, head)), logSumExp: logSumExp + item * length,
        scores: scratch,
        Products(
          keys: keys, values: shape.values(packed, sequence, head), width: width, isBackward: false,
          scratch: scratch + scoresSize))
    }
  }
}

/// The new queries [n, H D] of one sequence, the keys and values [positions, G D] that they attend over, and where their output
/// [n, H D] goes.
package struct CachedSequence {
  private let out: MutableMatrix
  private let queries, keys, values: Matrix

  package init(_ out: MutableMatrix, queries: Matrix, keys: Matrix, values: Matrix) {
    (self.out, self.queries, self.keys, self.values) = (out, queries, keys, values)
  }

  fileprivate var raw: (out: RawMutableMatrix, queries: RawMatrix, keys: RawMatrix, values: RawMatrix) {
    (out.raw, queries.raw, keys.raw, values.raw)
  }
}

/// Attention of `shape.length` new queries of each sequence over its cache, of which a query sees what `visible` says.
package func cachedAttention(
  _ sequences: [CachedSequence], visible: VisibleKeys, shape: AttentionShape, precision: ProductPrecision = .float32
) {
  switch (precision, shape.length < fewQueries) {
  case (.float32, true): cachedAttention(FewQueryProducts.self, sequences, visible, shape)
  case (.float32, false): cachedAttention(FloatHeadProducts.self, sequences, visible, shape)
  case (.bfloat16, true): cachedAttention(RoundedFewQueryProducts.self, sequences, visible, shape)
  case (.bfloat16, false): cachedAttention(RoundedHeadProducts.self, sequences, visible, shape)
  }
}

private func cachedAttention<Products: HeadProducts>(
  _: Products.Type, _ sequences: [CachedSequence], _ visible: VisibleKeys, _ shape: AttentionShape
) {
  let (raw, count) = (sequences.map(\.raw), shape.length)
  let positions = raw.reduce(0) { max($0, $1.keys.rows) }
  // A run of keys may begin one earlier.
  let width = TileKeys.width(of: positions + 1)
  let scoresSize = min(attentionTile, count) * (width + 2)
  let scratchSize =
    scoresSize + count
    + Products.size(length: positions, dimension: shape.dimension, width: width, isBackward: false)
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  visible.withPointers { visible in
    raw.withUnsafeBufferPointer { sequences in
      Parallel.run(sequences.count * shape.heads, threads: threads) { item, thread in
        let (index, head) = (item / shape.heads, item % shape.heads)
        let (scratch, sequence) = (scratch + thread * scratchSize, sequences[index])
        let channels = head * shape.dimension..<(head + 1) * shape.dimension
        let keyHead = head / shape.group
        let keyChannels = keyHead * shape.dimension..<(keyHead + 1) * shape.dimension
        AttentionHead(
          shape: shape, visible: visible, row: index * count, queries: sequence.queries.columns(channels),
          upcoming: nil
        ).attend(
          sequence.out.columns(channels), logSumExp: scratch + scoresSize, scores: scratch,
          Products(
            keys: sequence.keys.columns(keyChannels), values: sequence.values.columns(keyChannels), width: width,
            isBackward: false, scratch: scratch + scoresSize + count))
      }
    }
  }
}

/// What the forward pass of one head of one sequence reads beside keys and values: queries [n, D].
private struct AttentionHead {
  let shape: AttentionShape
  let visible: RawVisibleKeys
  /// The token of `visible` that the first query is.
  let row: Int
  let queries: RawMatrix
  let upcoming: UpcomingHead?

  /// `scores` has room for a tile.
  func attend<Products: HeadProducts>(
    _ out: RawMutableMatrix, logSumExp: UnsafeMutablePointer<Float>, scores: UnsafeMutablePointer<Float>,
    _ products: Products
  ) {
    for first in stride(from: 0, to: queries.rows, by: attentionTile) {
      let tile = first..<min(first + attentionTile, queries.rows)
      let tileKeys = TileKeys(visible, row: row, queries: tile, alignment: Products.alignment)
      products.scores(scores, queries.rows(tile), tileKeys)
      let rowMax = scores + tile.count * tileKeys.width
      let rowSum = rowMax + tile.count
      exponentiate(scores, tile, tileKeys, rowMax: rowMax, rowSum: rowSum)
      for query in 0..<tile.count {
        logSumExp[first + query] = rowMax[query] * shape.scale + logarithm(rowSum[query])
      }
      let out = out.rows(tile)
      products.output(out, scores, tileKeys)
      // The channels are fewer than the keys: dividing by the sum comes last.
      for query in 0..<tile.count {
        let (out, factor) = (out.at(query, 0), 1 / rowSum[query])
        for channel in 0..<shape.dimension { out[channel] *= factor }
      }
    }
  }

  /// Scores become e^(scores - rowMax), with zeros for the keys that a query does not see. One pass each over all rows, so that
  /// the processor works on several rows at a time.
  @inline(__always)
  private func exponentiate(
    _ scores: UnsafeMutablePointer<Float>, _ tile: Range<Int>, _ tileKeys: TileKeys,
    rowMax: UnsafeMutablePointer<Float>, rowSum: UnsafeMutablePointer<Float>
  ) {
    let (width, scale, zero) = (tileKeys.width, shape.scale, shape.zero)
    for query in 0..<tile.count {
      let scores = scores + query * width
      let seen = tileKeys.seen(by: tile.lowerBound + query)
      hide(scores, seen, value: -.infinity)
      rowMax[query] = largest(scores + seen.blocks.lowerBound, seen.blocks.count)
    }
    for query in 0..<tile.count {
      let scores = scores + query * width
      let blocks = tileKeys.seen(by: tile.lowerBound + query).blocks
      upcoming?.prefetch(row: tile.lowerBound + query)
      rowSum[query] = scaledExponentials(
        scores + blocks.lowerBound, shift: rowMax[query], scale: scale, blocks.count)
      clear(scores, outside: blocks, width: width, zero: zero)
    }
  }
}

/// x = e^(scale (x - shift)) over whole blocks, and the return value is its sum.
@inline(__always)
private func scaledExponentials(_ x: UnsafeMutablePointer<Float>, shift: Float, scale: Float, _ n: Int) -> Float {
  var sums = SIMD16<Float>.zero
  for block in stride(from: 0, to: n, by: TileKeys.block) {
    for i in block..<block + TileKeys.block { x[i] = exponential((x[i] - shift) * scale) }
    sums += load(x, block)
  }
  return total(sums)
}
