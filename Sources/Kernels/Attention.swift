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

private let tile = 32
/// Fewer queries than these, as in generation, do not pay for turning all keys around.
private let fewQueries = 8

/// Floats that a tile of scores may take, with two more for each row.
private func tileSize(_ mask: AttentionMask, length: Int) -> Int {
  tile * (mask.widestTile(of: tile, length: length) + 2)
}

/// Keys or values of a head with the channels as rows, [D, length], and room behind each for a vector that begins at its
/// last number.
private struct TransposedHead {
  private let pointer: UnsafeMutablePointer<Float>
  let stride: Int

  static func size(length: Int, dimension: Int) -> Int { dimension * TileKeys.width(of: length) }

  /// Takes `size` floats at `scratch`.
  init(_ x: UnsafePointer<Float>, stride: Int, length: Int, dimension: Int, scratch: UnsafeMutablePointer<Float>) {
    self.stride = TileKeys.width(of: length)
    pointer = scratch
    transpose(pointer, ldOut: self.stride, x, stride: stride, rows: length, columns: dimension)
    // 32 to 63 numbers: a pair of vectors from where they begin and one before where they end.
    for channel in 0..<dimension {
      let (begin, end) = (pointer + channel * self.stride + length, pointer + (channel + 1) * self.stride)
      store(.zero, begin)
      store(.zero, begin + 16)
      store(.zero, end - 32)
      store(.zero, end - 16)
    }
  }

  /// scores [rows, keys] = x [rows, D] times the tile's keys, `width` floats a row.
  @inline(__always)
  func multiply(
    _ scores: UnsafeMutablePointer<Float>, width: Int, _ x: UnsafePointer<Float>, rowStride: Int, rows: Int,
    dimension: Int, _ keys: TileKeys
  ) {
    keys.forEachRun { column, place, count in
      tileProduct(
        scores + place, ldc: width, Strided(x, rowStride: rowStride), pointer + column, ldb: stride, m: rows, n: count,
        k: dimension, accumulate: false, padded: true)
    }
  }
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
  let scoresSize = min(tile, count) * (TileKeys.width(of: offset + count) + 2)
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

/// The head that a thread is likely to work on next. What it reads lies scattered, a few lines a row, and is fetched a row at a
/// time while this one's rows are computed.
private struct ComingHead {
  private let sources: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>)
  private let stride: Int
  private let dimension: Int

  init?(after item: Int, on thread: Int, _ packed: UnsafePointer<Float>, _ shape: AttentionShape) {
    guard let next = Parallel.likelyNext(after: item, of: shape.sequences * shape.heads, on: thread) else { return nil }
    let rows = packed + next / shape.heads * shape.length * shape.stride
    let head = next % shape.heads
    sources = (rows + head * shape.dimension, rows + shape.keyOffset(head), rows + shape.valueOffset(head))
    (stride, dimension) = (shape.stride, shape.dimension)
  }

  @inline(__always)
  func fetch(row: Int) {
    Kernels.fetch(sources.0 + row * stride, dimension)
    Kernels.fetch(sources.1 + row * stride, dimension)
    Kernels.fetch(sources.2 + row * stride, dimension)
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
  for first in Swift.stride(from: 0, to: count, by: tile) {
    let rows = min(tile, count - first)
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

/// Writes `value` over what a row of scores holds for keys that its query does not see, inside its blocks.
@inline(__always)
private func hide(_ scores: UnsafeMutablePointer<Float>, _ seen: TileKeys.Seen, value: Float) {
  func hide(_ places: Range<Int>) {
    for j in places { scores[j] = value }
  }
  hide(seen.blocks.lowerBound..<seen.begin)
  hide(seen.hole)
  hide(seen.end..<seen.blocks.upperBound)
}

/// Writes `zero` over what a row of scores holds outside its blocks; `width` is a multiple of sixteen too.
@inline(__always)
private func clear(_ scores: UnsafeMutablePointer<Float>, outside blocks: Range<Int>, width: Int, zero: Float) {
  write(zero, scores, blocks.lowerBound)
  write(zero, scores + blocks.upperBound, width - blocks.upperBound)
}

/// x = value over whole blocks. They are few, and a constant zero would become a call of `memset`, which takes longer.
@inline(__always)
private func write(_ value: Float, _ x: UnsafeMutablePointer<Float>, _ n: Int) {
  let lanes = SIMD16(repeating: value)
  for block in stride(from: 0, to: n, by: TileKeys.block) {
    store(lanes, x + block)
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
  let scoresSize = 2 * tileSize(mask, length: length)
  let scratchSize = scoresSize + 2 * TransposedHead.size(length: length, dimension: dimension)
  let scratch = Memory.allocate(threads * scratchSize + privateSize)
  defer { Memory.release(scratch, count: threads * scratchSize + privateSize) }
  let privates = scratch + threads * scratchSize
  mask.withColumns { mask in
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
        keyStride: isGrouped ? dimension : shape.stride, scratch: scratch + thread * scratchSize,
        headScratch: scratch + thread * scratchSize + scoresSize,
        coming: ComingHead(after: item, on: thread, packed, shape)
      ).run()
    }
  }
  if isGrouped { addGroups(gradient, privates, shape: shape) }
}

/// The backward pass of one head of one sequence.
private struct AttentionHeadBackward {
  let shape: AttentionShape
  let sequence: Int
  let head: Int
  let packed: UnsafePointer<Float>
  let mask: MaskColumns
  let dOut: UnsafePointer<Float>
  let out: UnsafePointer<Float>
  let logSumExp: UnsafePointer<Float>
  let dQueries: UnsafeMutablePointer<Float>
  let dKeys: UnsafeMutablePointer<Float>
  let dValues: UnsafeMutablePointer<Float>
  let keyStride: Int
  let scratch: UnsafeMutablePointer<Float>
  let headScratch: UnsafeMutablePointer<Float>
  let coming: ComingHead?

  func run() {
    let (dimension, stride) = (shape.dimension, shape.stride)
    let whole = dimension / TileKeys.block * TileKeys.block
    let zero = shape.zero
    for row in 0..<shape.length {
      let (dKey, dValue) = (dKeys + row * keyStride, dValues + row * keyStride)
      write(zero, dKey, whole)
      write(zero, dValue, whole)
      for j in whole..<dimension { (dKey[j], dValue[j]) = (zero, zero) }
    }
    let keys = packed + shape.keyOffset(head)
    let values = packed + shape.valueOffset(head)
    let transposedKeys = TransposedHead(
      keys, stride: stride, length: shape.length, dimension: dimension, scratch: headScratch)
    let transposedValues = TransposedHead(
      values, stride: stride, length: shape.length, dimension: dimension,
      scratch: headScratch + TransposedHead.size(length: shape.length, dimension: dimension))
    for first in Swift.stride(from: 0, to: shape.length, by: tile) {
      let rows = min(tile, shape.length - first)
      let tileKeys = TileKeys(mask, row: sequence * shape.length, queries: first..<first + rows, offset: 0)
      let width = tileKeys.width
      let probabilities = scratch
      let dScores = scratch + tile * width
      let queries = packed + head * dimension + first * stride
      let dOut = dOut + first * shape.width
      for row in first..<first + rows { fetch(out + row * shape.width, dimension) }
      transposedKeys.multiply(
        probabilities, width: width, queries, rowStride: stride, rows: rows, dimension: dimension, tileKeys)
      transposedValues.multiply(
        dScores, width: width, dOut, rowStride: shape.width, rows: rows, dimension: dimension, tileKeys)
      scoreGradients(probabilities, dScores, queries: first..<first + rows, keys: tileKeys)
      tileKeys.forEachRun { column, place, count in
        let dS = dScores + place
        tileProduct(
          dQueries + first * stride, ldc: stride, Strided(dS, rowStride: width), keys + column * stride, ldb: stride,
          m: rows, n: dimension, k: count, accumulate: place > 0)
        tileProduct(
          dKeys + column * keyStride, ldc: keyStride, Strided(dS, rowStride: 1, columnStride: width), queries,
          ldb: stride, m: count, n: dimension, k: rows, accumulate: true)
        tileProduct(
          dValues + column * keyStride, ldc: keyStride,
          Strided(probabilities + place, rowStride: 1, columnStride: width),
          dOut, ldb: shape.width, m: count, n: dimension, k: rows, accumulate: true)
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
      coming?.fetch(row: query)
      let projection = dot(dOut + query * shape.width, out + query * shape.width, shape.dimension)
      let normalizer = logSumExp[query]
      hide(p, seen, value: -.infinity)
      hide(d, seen, value: 0)
      let (p0, d0) = (p + seen.blocks.lowerBound, d + seen.blocks.lowerBound)
      for block in stride(from: 0, to: seen.blocks.count, by: TileKeys.block) {
        for i in block..<block + TileKeys.block { p0[i] = exponential((p0[i] * scale) - normalizer) }
        store(load(p0, block) * (load(d0, block) - projection) * scale, d0 + block)
      }
      clear(p, outside: seen.blocks, width: width, zero: shape.zero)
      clear(d, outside: seen.blocks, width: width, zero: shape.zero)
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
