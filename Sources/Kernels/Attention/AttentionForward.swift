// Attention (Vaswani et al. 2017) in tiles of queries, with grouped key heads and any keys hidden from a query.
//
// Legend: B sequences, T positions, H query heads, G key heads, D channels a head. Queries, keys and values lie beside
// each other in one row a token: [q (H D) | k (G D) | v (G D)]. What a query sees, `VisibleKeys` says.
//   P = softmax(Q K^T / sqrt(D)),  O = P V
//   dP = dO V^T,  dS = P (dP - rowsum(dO O)),  dQ = dS K / sqrt(D),  dK = dS^T Q / sqrt(D),  dV = P^T dO
// No more than a tile of rows of P exists at a time, without the keys that none of them sees; the backward pass recomputes
// it from the logsumexp of each row.

/// Fewer queries than these, as in generation, do not pay for transposing all keys.
private let fewQueries = 8

/// Floats that a tile of scores may take, with two more for each row.
func tileSize(_ visible: VisibleKeys, length: Int) -> Int {
  attentionTile * (visible.widestTile(length: length) + 2)
}

/// O [B T, H D] and the logsumexp of each row of scores [B, H, T] from packed rows [B T, (H + 2 G) D].
package func attentionForward(
  _ out: MutableBuffer, logSumExp: MutableBuffer, _ packed: Buffer, visible: VisibleKeys, shape: AttentionShape
) {
  Profile.begin("attention forward", operations: visible.pairCount * 4 * shape.width)
  defer { Profile.end() }
  let (out, logSumExp, packed, length) = (out.pointer, logSumExp.pointer, packed.pointer, shape.length)
  let scoresSize = tileSize(visible, length: length)
  let scratchSize = scoresSize + TransposedHead.size(length: length, dimension: shape.dimension)
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  visible.withPointers { visible in
    Parallel.run(shape.sequences * shape.heads) { item, thread in
      let (sequence, head) = (item / shape.heads, item % shape.heads)
      let scratch = scratch + thread * scratchSize
      AttentionHead(
        shape: shape, visible: visible, row: sequence * length, queries: shape.queries(packed, sequence, head),
        keys: shape.keys(packed, sequence, head), values: shape.values(packed, sequence, head),
        upcoming: UpcomingHead(after: item, on: thread, packed, shape)
      ).attend(
        RawMutableMatrix(mutating: shape.output(out, sequence, head)), logSumExp: logSumExp + item * length,
        scores: scratch, scratch: scratch + scoresSize)
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
package func cachedAttention(_ sequences: [CachedSequence], visible: VisibleKeys, shape: AttentionShape) {
  let (raw, count) = (sequences.map(\.raw), shape.length)
  let positions = raw.reduce(0) { max($0, $1.keys.rows) }
  let scoresSize = min(attentionTile, count) * (TileKeys.width(of: positions) + 2)
  let transposedSize = count < fewQueries ? 0 : TransposedHead.size(length: positions, dimension: shape.dimension)
  let scratchSize = scoresSize + count + transposedSize
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  visible.withPointers { visible in
    raw.withUnsafeBufferPointer { sequences in
      Parallel.run(sequences.count * shape.heads) { item, thread in
        let (index, head) = (item / shape.heads, item % shape.heads)
        let (scratch, sequence) = (scratch + thread * scratchSize, sequences[index])
        let channels = head * shape.dimension..<(head + 1) * shape.dimension
        let keyHead = head / shape.group
        let keyChannels = keyHead * shape.dimension..<(keyHead + 1) * shape.dimension
        AttentionHead(
          shape: shape, visible: visible, row: index * count, queries: sequence.queries.columns(channels),
          keys: sequence.keys.columns(keyChannels), values: sequence.values.columns(keyChannels), upcoming: nil
        ).attend(
          sequence.out.columns(channels), logSumExp: scratch + scoresSize, scores: scratch,
          scratch: scratch + scoresSize + count)
      }
    }
  }
}

/// What the forward pass of one head of one sequence reads: queries [n, D], keys and values [length, D].
private struct AttentionHead {
  let shape: AttentionShape
  let visible: RawVisibleKeys
  /// The token of `visible` that the first query is.
  let row: Int
  let queries: RawMatrix
  let keys: RawMatrix
  let values: RawMatrix
  let upcoming: UpcomingHead?

  /// `scores` has room for a tile, `scratch` for the transposed keys.
  func attend(
    _ out: RawMutableMatrix, logSumExp: UnsafeMutablePointer<Float>, scores: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let transposed = queries.rows < fewQueries ? nil : TransposedHead(keys, scratch: scratch)
    for first in stride(from: 0, to: queries.rows, by: attentionTile) {
      let tile = first..<min(first + attentionTile, queries.rows)
      let tileKeys = TileKeys(visible, row: row, queries: tile)
      multiply(scores, tile, tileKeys, transposed)
      let rowMax = scores + tile.count * tileKeys.width
      let rowSum = rowMax + tile.count
      exponentiate(scores, tile, tileKeys, rowMax: rowMax, rowSum: rowSum)
      for query in 0..<tile.count {
        logSumExp[first + query] = rowMax[query] * shape.scale + logarithm(rowSum[query])
      }
      let out = out.rows(tile)
      tileKeys.forEachRun { column, place, count in
        tileProduct(
          out, RawMatrix(scores + place, rows: tile.count, columns: count, stride: tileKeys.width),
          values.rows(column..<column + count), accumulate: place > 0)
      }
      // The channels are fewer than the keys: dividing by the sum comes last.
      for query in 0..<tile.count {
        let (out, factor) = (out.at(query, 0), 1 / rowSum[query])
        for channel in 0..<shape.dimension { out[channel] *= factor }
      }
    }
  }

  /// The scores of a tile of queries, not scaled.
  @inline(__always)
  private func multiply(
    _ scores: UnsafeMutablePointer<Float>, _ tile: Range<Int>, _ tileKeys: TileKeys, _ transposed: TransposedHead?
  ) {
    let width = tileKeys.width
    if let transposed { return transposed.multiply(scores, width: width, queries.rows(tile), tileKeys) }
    tileKeys.forEachRun { column, place, count in
      for query in 0..<tile.count {
        let scores = scores + query * width + place
        let q = queries.at(tile.lowerBound + query, 0)
        for j in 0..<count { scores[j] = dot(q, keys.at(column + j, 0), shape.dimension) }
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
