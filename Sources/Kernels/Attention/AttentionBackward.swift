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
    for first in Swift.stride(from: 0, to: shape.length, by: attentionTile) {
      let rows = min(attentionTile, shape.length - first)
      let tileKeys = TileKeys(mask, row: sequence * shape.length, queries: first..<first + rows, offset: 0)
      let width = tileKeys.width
      let probabilities = scratch
      let dScores = scratch + attentionTile * width
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
