// Causal attention (Vaswani et al. 2017) in tiles of 64 queries, with grouped key heads, block-diagonal documents and
// ranges of keys that are hidden.
//
// Legend: B sequences, T positions, H query heads, G key heads, D channels a head. Queries, keys and values lie beside
// each other in one row a token: [q (H D) | k (G D) | v (G D)]. Query i of a sequence sees the keys start(i)...i but for
// those that are hidden from it.
//   P = softmax(Q K^T / sqrt(D)),  O = P V
//   dP = dO V^T,  dS = P (dP - rowsum(dO O)),  dQ = dS K / sqrt(D),  dK = dS^T Q / sqrt(D),  dV = P^T dO
// No more than a tile of 64 rows of P exists at a time, without the keys that none of them sees; the backward pass makes
// it again from the logsumexp of each row.

/// The shape of packed queries, keys and values.
package struct AttentionShape: Sendable {
  package let sequences: Int
  package let length: Int
  package let heads: Int
  package let keyHeads: Int
  package let dimension: Int

  package init(sequences: Int, length: Int, heads: Int, keyHeads: Int, dimension: Int) {
    self.sequences = sequences
    self.length = length
    self.heads = heads
    self.keyHeads = keyHeads
    self.dimension = dimension
  }

  /// Floats in a row of queries, keys and values.
  package var stride: Int { (heads + 2 * keyHeads) * dimension }
  /// Floats in a row of queries, or of the output.
  package var width: Int { heads * dimension }
  var group: Int { heads / keyHeads }
  var scale: Float { 1 / Float(dimension).squareRoot() }
  func keyOffset(_ head: Int) -> Int { (heads + head / group) * dimension }
  func valueOffset(_ head: Int) -> Int { (heads + keyHeads + head / group) * dimension }
}

private let tile = 64

/// Floats that a tile of scores may take.
private func tileSize(_ mask: AttentionMask, length: Int) -> Int {
  tile * TileKeys.rounded(min(length, mask.longestReach(length: length) + tile))
}

/// O [B T, H D] and the logsumexp of each row of scores [B, H, T] from packed rows [B T, (H + 2 G) D].
package func attentionForward(
  _ out: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>, _ packed: UnsafePointer<Float>,
  mask: AttentionMask, shape: AttentionShape
) {
  Profile.begin("attention forward", operations: mask.pairs(length: shape.length) * 4 * shape.width)
  defer { Profile.end() }
  let (length, stride) = (shape.length, shape.stride)
  let scratchSize = tileSize(mask, length: length)
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  Parallel.run(shape.sequences * shape.heads) { item, thread in
    let (sequence, head) = (item / shape.heads, item % shape.heads)
    let rows = packed + sequence * length * stride
    attend(
      out + sequence * length * shape.width + head * shape.dimension, outStride: shape.width,
      logSumExp: logSumExp + item * length, queries: rows + head * shape.dimension,
      keys: rows + shape.keyOffset(head), values: rows + shape.valueOffset(head), stride: stride, keyStride: stride,
      mask: mask, row: sequence * length, count: length, offset: 0, dimension: shape.dimension, scale: shape.scale,
      scratch: scratch + thread * scratchSize)
  }
}

/// Attention of `count` new positions over a cache: query i is at position `offset` + i and sees the keys up to itself.
/// Queries are [count, H D]; keys and values are [positions, G D]. `out` is [count, H D].
package func cachedAttention(
  _ out: UnsafeMutablePointer<Float>, queries: UnsafePointer<Float>, queryStride: Int, keys: UnsafePointer<Float>,
  values: UnsafePointer<Float>, count: Int, offset: Int, shape: AttentionShape
) {
  let scoresSize = tile * TileKeys.rounded(offset + count)
  let scratchSize = scoresSize + count
  let threads = Parallel.threads
  let scratch = Memory.allocate(threads * scratchSize)
  defer { Memory.release(scratch, count: threads * scratchSize) }
  let mask = AttentionMask(starts: [Int32](repeating: 0, count: count))
  Parallel.run(shape.heads) { head, thread in
    let scratch = scratch + thread * scratchSize
    let keyHead = head / shape.group * shape.dimension
    attend(
      out + head * shape.dimension, outStride: shape.width, logSumExp: scratch + scoresSize,
      queries: queries + head * shape.dimension, keys: keys + keyHead, values: values + keyHead, stride: queryStride,
      keyStride: shape.keyHeads * shape.dimension, mask: mask, row: 0, count: count, offset: offset,
      dimension: shape.dimension, scale: shape.scale, scratch: scratch)
  }
}

/// One head of one sequence, whose first query is `row` of the mask.
private func attend(
  _ out: UnsafeMutablePointer<Float>, outStride: Int, logSumExp: UnsafeMutablePointer<Float>,
  queries: UnsafePointer<Float>, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, keyStride: Int,
  mask: AttentionMask, row: Int, count: Int, offset: Int, dimension: Int, scale: Float,
  scratch: UnsafeMutablePointer<Float>
) {
  let blas = BLAS.shared
  for first in Swift.stride(from: 0, to: count, by: tile) {
    let rows = min(tile, count - first)
    let tileKeys = TileKeys(mask, row: row, queries: first..<first + rows, offset: offset)
    let width = tileKeys.width
    let out = out + first * outStride
    tileKeys.forEachRun { column, place, count in
      blas.gemm(
        false, true, rows, count, dimension, 1, queries + first * stride, stride, keys + column * keyStride, keyStride,
        0, scratch + place, width)
    }
    for query in 0..<rows {
      let scores = scratch + query * width
      let seen = tileKeys.seen(by: first + query)
      hide(scores, seen, value: -.infinity)
      let (low, count) = (seen.blocks.lowerBound, seen.blocks.count)
      let top = largest(scores + low, count)
      let total = scaledExponentials(scores + low, shift: top, scale: scale, count)
      logSumExp[first + query] = top * scale + logarithm(total)
      multiplyBlocks(scores + low, by: 1 / total, count)
      clear(scores, outside: seen.blocks, width: width)
    }
    tileKeys.forEachRun { column, place, count in
      blas.gemm(
        false, false, rows, dimension, count, 1, scratch + place, width, values + column * keyStride, keyStride,
        place == 0 ? 0 : 1, out, outStride)
    }
  }
}

/// x = e^(scale (x - shift)) over whole blocks, and the return value is its sum.
@inline(__always)
private func scaledExponentials(_ x: UnsafeMutablePointer<Float>, shift: Float, scale: Float, _ n: Int) -> Float {
  forEachLane(n) { x[$0] = exponential((x[$0] - shift) * scale) }
  return sum(x, n)
}

@inline(__always)
private func multiplyBlocks(_ x: UnsafeMutablePointer<Float>, by factor: Float, _ n: Int) {
  forEachLane(n) { x[$0] *= factor }
}

/// Writes `value` over what a row of scores holds for keys that its query does not see, inside its blocks.
@inline(__always)
private func hide(_ scores: UnsafeMutablePointer<Float>, _ seen: TileKeys.Seen, value: Float) {
  for j in seen.blocks.lowerBound..<seen.begin { scores[j] = value }
  for j in seen.hole { scores[j] = value }
  for j in seen.end..<seen.blocks.upperBound { scores[j] = value }
}

/// Writes zeros over what a row of scores holds outside its blocks.
@inline(__always)
private func clear(_ scores: UnsafeMutablePointer<Float>, outside blocks: Range<Int>, width: Int) {
  scores.update(repeating: 0, count: blocks.lowerBound)
  (scores + blocks.upperBound).update(repeating: 0, count: width - blocks.upperBound)
}

/// Runs `body` for 0..<n, n a multiple of sixteen: blocks of that many are one vector each, with no rest that would be
/// computed number by number.
@inline(__always)
private func forEachLane(_ n: Int, _ body: (Int) -> Void) {
  for block in stride(from: 0, to: n, by: TileKeys.block) {
    for lane in 0..<TileKeys.block { body(block + lane) }
  }
}

/// The gradient of `attentionForward`: d packed [B T, (H + 2 G) D] from dO, O and the logsumexps.
package func attentionBackward(
  _ gradient: UnsafeMutablePointer<Float>, _ dOut: UnsafePointer<Float>, _ out: UnsafePointer<Float>,
  logSumExp: UnsafePointer<Float>, _ packed: UnsafePointer<Float>, mask: AttentionMask, shape: AttentionShape
) {
  // The scores that are made again do not count as work.
  Profile.begin("attention backward", operations: mask.pairs(length: shape.length) * 8 * shape.width)
  defer { Profile.end() }
  let (length, dimension, threads) = (shape.length, shape.dimension, Parallel.threads)
  // Query heads that share a key head add to the same keys: each has sums of its own, which are added in order below.
  let isGrouped = shape.group > 1
  let privateSize = isGrouped ? shape.sequences * shape.heads * 2 * length * dimension : 0
  let scratchSize = 2 * tileSize(mask, length: length)
  let scratch = Memory.allocate(threads * scratchSize + privateSize)
  defer { Memory.release(scratch, count: threads * scratchSize + privateSize) }
  let privates = scratch + threads * scratchSize
  Parallel.run(shape.sequences * shape.heads) { item, thread in
    let (sequence, head) = (item / shape.heads, item % shape.heads)
    let rows = gradient + sequence * length * shape.stride
    let own = privates + item * 2 * length * dimension
    AttentionHeadBackward(
      shape: shape, sequence: sequence, head: head, packed: packed + sequence * length * shape.stride,
      mask: mask, dOut: dOut + sequence * length * shape.width + head * dimension,
      out: out + sequence * length * shape.width + head * dimension, logSumExp: logSumExp + item * length,
      dQueries: rows + head * dimension, dKeys: isGrouped ? own : rows + shape.keyOffset(head),
      dValues: isGrouped ? own + length * dimension : rows + shape.valueOffset(head),
      keyStride: isGrouped ? dimension : shape.stride, scratch: scratch + thread * scratchSize
    ).run()
  }
  if isGrouped { addGroups(gradient, privates, shape: shape) }
}

/// The backward pass of one head of one sequence.
private struct AttentionHeadBackward {
  let shape: AttentionShape
  let sequence: Int
  let head: Int
  let packed: UnsafePointer<Float>
  let mask: AttentionMask
  let dOut: UnsafePointer<Float>
  let out: UnsafePointer<Float>
  let logSumExp: UnsafePointer<Float>
  let dQueries: UnsafeMutablePointer<Float>
  let dKeys: UnsafeMutablePointer<Float>
  let dValues: UnsafeMutablePointer<Float>
  let keyStride: Int
  let scratch: UnsafeMutablePointer<Float>

  func run() {
    let (dimension, stride) = (shape.dimension, shape.stride)
    for row in 0..<shape.length {
      (dKeys + row * keyStride).update(repeating: 0, count: dimension)
      (dValues + row * keyStride).update(repeating: 0, count: dimension)
    }
    let keys = packed + shape.keyOffset(head)
    let values = packed + shape.valueOffset(head)
    let blas = BLAS.shared
    for first in Swift.stride(from: 0, to: shape.length, by: tile) {
      let rows = min(tile, shape.length - first)
      let tileKeys = TileKeys(mask, row: sequence * shape.length, queries: first..<first + rows, offset: 0)
      let width = tileKeys.width
      let probabilities = scratch
      let dScores = scratch + tile * width
      let queries = packed + head * dimension + first * stride
      let dOut = dOut + first * shape.width
      tileKeys.forEachRun { column, place, count in
        blas.gemm(
          false, true, rows, count, dimension, 1, queries, stride, keys + column * stride, stride, 0,
          probabilities + place, width)
        blas.gemm(
          false, true, rows, count, dimension, 1, dOut, shape.width, values + column * stride, stride, 0,
          dScores + place, width)
      }
      scoreGradients(probabilities, dScores, queries: first..<first + rows, keys: tileKeys)
      tileKeys.forEachRun { column, place, count in
        blas.gemm(
          false, false, rows, dimension, count, 1, dScores + place, width, keys + column * stride, stride,
          place == 0 ? 0 : 1, dQueries + first * stride, stride)
        blas.gemm(
          true, false, count, dimension, rows, 1, dScores + place, width, queries, stride, 1,
          dKeys + column * keyStride, keyStride)
        blas.gemm(
          true, false, count, dimension, rows, 1, probabilities + place, width, dOut, shape.width, 1,
          dValues + column * keyStride, keyStride)
      }
    }
  }

  /// Scores become P, and dP becomes dS / sqrt(D), row by row; both are zero outside the mask.
  private func scoreGradients(
    _ probabilities: UnsafeMutablePointer<Float>, _ dScores: UnsafeMutablePointer<Float>, queries: Range<Int>,
    keys: TileKeys
  ) {
    let (scale, width) = (shape.scale, keys.width)
    for query in queries {
      let p = probabilities + (query - queries.lowerBound) * width
      let d = dScores + (query - queries.lowerBound) * width
      let seen = keys.seen(by: query)
      let projection = dot(dOut + query * shape.width, out + query * shape.width, shape.dimension)
      let normalizer = logSumExp[query]
      hide(p, seen, value: -.infinity)
      hide(d, seen, value: 0)
      let (p0, d0) = (p + seen.blocks.lowerBound, d + seen.blocks.lowerBound)
      forEachLane(seen.blocks.count) { p0[$0] = exponential((p0[$0] * scale) - normalizer) }
      forEachLane(seen.blocks.count) { d0[$0] = p0[$0] * (d0[$0] - projection) * scale }
      clear(p, outside: seen.blocks, width: width)
      clear(d, outside: seen.blocks, width: width)
    }
  }
}

/// dK and dV of a key head are the sums of what its query heads found, added in the order of the heads.
private func addGroups(_ gradient: UnsafeMutablePointer<Float>, _ privates: UnsafePointer<Float>, shape: AttentionShape)
{
  let (length, dimension) = (shape.length, shape.dimension)
  Parallel.run(shape.sequences * shape.keyHeads) { item, _ in
    let (sequence, keyHead) = (item / shape.keyHeads, item % shape.keyHeads)
    let firstHead = sequence * shape.heads + keyHead * shape.group
    for part in 0..<2 {
      let column = part == 0 ? shape.keyOffset(keyHead * shape.group) : shape.valueOffset(keyHead * shape.group)
      for row in 0..<length {
        let target = gradient + (sequence * length + row) * shape.stride + column
        for member in 0..<shape.group {
          let source = privates + (((firstHead + member) * 2 + part) * length + row) * dimension
          if member == 0 {
            target.update(from: source, count: dimension)
          } else {
            for j in 0..<dimension { target[j] += source[j] }
          }
        }
      }
    }
  }
}
