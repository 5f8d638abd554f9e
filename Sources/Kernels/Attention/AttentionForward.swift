// Causal attention (Vaswani et al. 2017) in tiles of 32 queries, with grouped key heads, block-diagonal documents and
// ranges of keys that are hidden.
//
// Legend: B sequences, T positions, H query heads, G key heads, D channels a head. Queries, keys and values lie beside
// each other in one row a token: [q (H D) | k (G D) | v (G D)]. Query i of a sequence sees the keys start(i)...i but for
// those that are hidden from it.
//   P = softmax(Q K^T / sqrt(D)),  O = P V
//   dP = dO V^T,  dS = P (dP - rowsum(dO O)),  dQ = dS K / sqrt(D),  dK = dS^T Q / sqrt(D),  dV = P^T dO
// No more than a tile of 32 rows of P exists at a time, without the keys that none of them sees; the backward pass makes
// it again from the logsumexp of each row.

/// Fewer queries than these, as in generation, do not pay for turning all keys around.
private let fewQueries = 8

/// Floats that a tile of scores may take, with two more for each row.
func tileSize(_ mask: AttentionMask, length: Int) -> Int {
  attentionTile * (mask.widestTile(length: length) + 2)
}

/// O [B T, H D] and the logsumexp of each row of scores [B, H, T] from packed rows [B T, (H + 2 G) D].
package func attentionForward(
  _ out: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>, _ packed: UnsafePointer<Float>,
  mask: AttentionMask, shape: AttentionShape
) {
  Profile.begin("attention forward", operations: mask.pairs(length: shape.length) * 4 * shape.width)
  defer { Profile.end() }
  let (length, stride) = (shape.length, shape.stride)
  let scoresSize = tileSize(mask, length: length)
  let scratchSize = scoresSize + TransposedHead.size(length: length, dimension: shape.dimension)
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  mask.withColumns { mask in
    Parallel.run(shape.sequences * shape.heads) { item, thread in
      let (sequence, head) = (item / shape.heads, item % shape.heads)
      let rows = packed + sequence * length * stride
      let scratch = scratch + thread * scratchSize
      let coming = ComingHead(after: item, on: thread, packed, shape)
      attend(
        out + sequence * length * shape.width + head * shape.dimension, outStride: shape.width,
        logSumExp: logSumExp + item * length, queries: rows + head * shape.dimension,
        keys: rows + shape.keyOffset(head), values: rows + shape.valueOffset(head), stride: stride, keyStride: stride,
        mask: mask, row: sequence * length, count: length, offset: 0, shape: shape, coming: coming, scores: scratch,
        scratch: scratch + scoresSize)
    }
  }
}

/// Attention of `count` new positions over a cache: query i is at position `offset` + i and sees the keys up to itself.
/// Queries are [count, H D]; keys and values are [positions, G D]. `out` is [count, H D].
package func cachedAttention(
  _ out: UnsafeMutablePointer<Float>, queries: UnsafePointer<Float>, queryStride: Int, keys: UnsafePointer<Float>,
  values: UnsafePointer<Float>, count: Int, offset: Int, shape: AttentionShape
) {
  let scoresSize = min(attentionTile, count) * (TileKeys.width(of: offset + count) + 2)
  let transposedSize =
    count < fewQueries ? 0 : TransposedHead.size(length: offset + count, dimension: shape.dimension)
  let scratchSize = scoresSize + count + transposedSize
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  let mask = AttentionMask(starts: [Int32](repeating: 0, count: count))
  mask.withColumns { mask in
    Parallel.run(shape.heads) { head, thread in
      let scratch = scratch + thread * scratchSize
      let keyHead = head / shape.group * shape.dimension
      attend(
        out + head * shape.dimension, outStride: shape.width, logSumExp: scratch + scoresSize,
        queries: queries + head * shape.dimension, keys: keys + keyHead, values: values + keyHead, stride: queryStride,
        keyStride: shape.keyHeads * shape.dimension, mask: mask, row: 0, count: count, offset: offset,
        shape: shape, coming: nil, scores: scratch, scratch: scratch + scoresSize + count)
    }
  }
}

/// One head of one sequence, whose first query is `row` of the mask.
private func attend(
  _ out: UnsafeMutablePointer<Float>, outStride: Int, logSumExp: UnsafeMutablePointer<Float>,
  queries: UnsafePointer<Float>, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, keyStride: Int,
  mask: MaskColumns, row: Int, count: Int, offset: Int, shape: AttentionShape,
  coming: ComingHead?, scores scratch: UnsafeMutablePointer<Float>, scratch keyScratch: UnsafeMutablePointer<Float>
) {
  let (dimension, scale) = (shape.dimension, shape.scale)
  let transposed =
    count < fewQueries
    ? nil
    : TransposedHead(keys, stride: keyStride, length: offset + count, dimension: dimension, scratch: keyScratch)
  for first in Swift.stride(from: 0, to: count, by: attentionTile) {
    let rows = min(attentionTile, count - first)
    let tileKeys = TileKeys(mask, row: row, queries: first..<first + rows, offset: offset)
    let width = tileKeys.width
    let (out, tops) = (out + first * outStride, scratch + rows * width)
    let totals = tops + rows
    if let transposed {
      transposed.multiply(
        scratch, width: width, queries + first * stride, rowStride: stride, rows: rows, dimension: dimension, tileKeys)
    } else {
      tileKeys.forEachRun { column, place, count in
        for query in 0..<rows {
          let scores = scratch + query * width + place
          let q = queries + (first + query) * stride
          for j in 0..<count { scores[j] = dot(q, keys + (column + j) * keyStride, dimension) }
        }
      }
    }
    // One pass each, so that the processor works on several rows at a time.
    for query in 0..<rows {
      let scores = scratch + query * width
      let seen = tileKeys.seen(by: first + query)
      hide(scores, seen, value: -.infinity)
      tops[query] = largest(scores + seen.blocks.lowerBound, seen.blocks.count)
    }
    for query in 0..<rows {
      let scores = scratch + query * width
      let blocks = tileKeys.seen(by: first + query).blocks
      coming?.fetch(row: first + query)
      totals[query] = scaledExponentials(
        scores + blocks.lowerBound, shift: tops[query], scale: scale, blocks.count)
      clear(scores, outside: blocks, width: width, zero: shape.zero)
    }
    for query in 0..<rows { logSumExp[first + query] = tops[query] * scale + logarithm(totals[query]) }
    tileKeys.forEachRun { column, place, count in
      tileProduct(
        out, ldc: outStride, Strided(scratch + place, rowStride: width), values + column * keyStride, ldb: keyStride,
        m: rows, n: dimension, k: count, accumulate: place > 0)
    }
    // The channels are fewer than the keys: dividing by the sum comes last.
    for query in 0..<rows {
      let (out, factor) = (out + query * outStride, 1 / totals[query])
      for channel in 0..<dimension { out[channel] *= factor }
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
