/// The gradient of `attentionForward`: d packed [B T, (H + 2 G) D] from dO, O and the logsumexps.
package func attentionBackward(
  _ gradient: MutableBuffer, _ dOut: Buffer, _ out: Buffer, logSumExp: Buffer, _ packed: Buffer, visible: VisibleKeys,
  shape: AttentionShape, precision: ProductPrecision = .float32
) {
  let given = AttentionResult(dOut: dOut.pointer, out: out.pointer, logSumExp: logSumExp.pointer)
  switch precision {
  case .float32: attentionBackward(FloatHeadProducts.self, gradient, given, packed, visible, shape)
  case .bfloat16: attentionBackward(RoundedHeadProducts.self, gradient, given, packed, visible, shape)
  }
}

/// dO, O and the logsumexps.
private struct AttentionResult {
  let dOut: UnsafePointer<Float>
  let out: UnsafePointer<Float>
  let logSumExp: UnsafePointer<Float>
}

private func attentionBackward<Products: HeadProducts>(
  _: Products.Type, _ gradient: MutableBuffer, _ given: AttentionResult, _ packed: Buffer, _ visible: VisibleKeys,
  _ shape: AttentionShape
) {
  // The scores that are recomputed do not count as work.
  Profile.begin("attention backward", operations: visible.pairCount * 8 * shape.width)
  defer { Profile.end() }
  let (gradient, packed) = (gradient.pointer, packed.pointer)
  let (length, dimension, threads) = (shape.length, shape.dimension, Parallel.threads)
  // Query heads that share a key head add to the same keys: each has sums of its own, which are added in order below.
  let isGrouped = shape.group > 1
  let perHeadSize = isGrouped ? shape.sequences * shape.heads * 2 * length * dimension : 0
  let width = visible.widestTile(length: length, alignment: Products.alignment)
  let scoresSize = 2 * tileSize(width: width)
  let scratchSize =
    scoresSize + Products.size(length: length, dimension: dimension, width: width, isBackward: true)
  let scratch = Memory.allocate(threads * scratchSize + perHeadSize)
  defer { Memory.release(scratch, count: threads * scratchSize + perHeadSize) }
  let perHeadGradients = scratch + threads * scratchSize
  visible.withPointers { visible in
    Parallel.run(shape.sequences * shape.heads, threads: threads) { item, thread in
      let (sequence, head) = (item / shape.heads, item % shape.heads)
      let own = RawMutableMatrix(
        perHeadGradients + item * 2 * length * dimension, rows: 2 * length, columns: dimension, stride: dimension)
      let dKeys = isGrouped ? own.rows(0..<length) : .init(mutating: shape.keys(gradient, sequence, head))
      let dValues =
        isGrouped ? own.rows(length..<2 * length) : .init(mutating: shape.values(gradient, sequence, head))
      let scratch = scratch + thread * scratchSize
      AttentionHeadBackward(
        shape: shape, visible: visible, row: sequence * length, queries: shape.queries(packed, sequence, head),
        dOut: shape.output(given.dOut, sequence, head), out: shape.output(given.out, sequence, head),
        logSumExp: given.logSumExp + item * length, upcoming: UpcomingHead(after: item, on: thread, packed, shape)
      ).run(
        dQueries: .init(mutating: shape.queries(gradient, sequence, head)), dKeys: dKeys, dValues: dValues,
        scores: scratch,
        Products(
          keys: shape.keys(packed, sequence, head), values: shape.values(packed, sequence, head), width: width,
          isBackward: true, scratch: scratch + scoresSize))
    }
  }
  if isGrouped { addGroups(gradient, perHeadGradients, shape: shape) }
}

/// What the backward pass of one head of one sequence reads beside keys and values; all matrices are [T, D].
private struct AttentionHeadBackward {
  let shape: AttentionShape
  let visible: RawVisibleKeys
  /// The token of `visible` that the first query is.
  let row: Int
  let queries: RawMatrix
  let dOut: RawMatrix
  let out: RawMatrix
  let logSumExp: UnsafePointer<Float>
  let upcoming: UpcomingHead?

  /// `scores` has room for two tiles.
  func run<Products: HeadProducts>(
    dQueries: RawMutableMatrix, dKeys: RawMutableMatrix, dValues: RawMutableMatrix,
    scores: UnsafeMutablePointer<Float>, _ products: Products
  ) {
    zero(dKeys, dValues)
    for first in stride(from: 0, to: shape.length, by: attentionTile) {
      let tile = first..<min(first + attentionTile, shape.length)
      let tileKeys = TileKeys(visible, row: row, queries: tile, alignment: Products.alignment)
      let (probabilities, dScores) = (scores, scores + attentionTile * tileKeys.width)
      let (queries, dOut) = (queries.rows(tile), dOut.rows(tile))
      for row in tile { prefetch(out.at(row, 0), shape.dimension) }
      products.scores(probabilities, queries, tileKeys)
      products.scoreGradients(dScores, dOut, tileKeys)
      scoreGradients(probabilities, dScores, tile, tileKeys)
      products.gradients(
        HeadGradients(queries: dQueries.rows(tile), keys: dKeys, values: dValues),
        of: HeadTile(probabilities: probabilities, dScores: dScores, queries: queries, dOut: dOut), tileKeys)
    }
  }

  private func zero(_ dKeys: RawMutableMatrix, _ dValues: RawMutableMatrix) {
    let (zero, dimension) = (shape.zero, shape.dimension)
    let whole = dimension / TileKeys.block * TileKeys.block
    for row in 0..<shape.length {
      let (dKey, dValue) = (dKeys.at(row, 0), dValues.at(row, 0))
      write(zero, dKey, whole)
      write(zero, dValue, whole)
      for j in whole..<dimension { (dKey[j], dValue[j]) = (zero, zero) }
    }
  }

  /// Scores become P, and dP becomes dS / sqrt(D), row by row; both are zero for keys that are not seen.
  private func scoreGradients(
    _ probabilities: UnsafeMutablePointer<Float>, _ dScores: UnsafeMutablePointer<Float>, _ tile: Range<Int>,
    _ tileKeys: TileKeys
  ) {
    let (scale, zero, width) = (shape.scale, shape.zero, tileKeys.width)
    for query in tile {
      let p = probabilities + (query - tile.lowerBound) * width
      let d = dScores + (query - tile.lowerBound) * width
      let seen = tileKeys.seen(by: query)
      upcoming?.prefetch(row: query)
      let projection = dot(dOut.at(query, 0), out.at(query, 0), shape.dimension)
      let normalizer = logSumExp[query]
      hide(p, seen, value: -.infinity)
      hide(d, seen, value: 0)
      let (p0, d0) = (p + seen.blocks.lowerBound, d + seen.blocks.lowerBound)
      for block in stride(from: 0, to: seen.blocks.count, by: TileKeys.block) {
        for i in block..<block + TileKeys.block { p0[i] = exponential((p0[i] * scale) - normalizer) }
        let difference: SIMD16<Float> = load(d0, block) - projection
        store(load(p0, block) * difference * scale, d0 + block)
      }
      clear(p, outside: seen.blocks, width: width, zero: zero)
      clear(d, outside: seen.blocks, width: width, zero: zero)
    }
  }
}

/// dK and dV of a key head are the sums of what its query heads found, added in the order of the heads.
private func addGroups(
  _ gradient: UnsafeMutablePointer<Float>, _ perHead: UnsafePointer<Float>, shape: AttentionShape
) {
  let (length, dimension) = (shape.length, shape.dimension)
  Parallel.run(shape.sequences * shape.keyHeads) { item, _ in
    let (sequence, keyHead) = (item / shape.keyHeads, item % shape.keyHeads)
    let firstHead = sequence * shape.heads + keyHead * shape.group
    for part in 0..<2 {
      let column = part == 0 ? shape.keyOffset(keyHead * shape.group) : shape.valueOffset(keyHead * shape.group)
      for row in 0..<length {
        let target = gradient + (sequence * length + row) * shape.stride + column
        for member in 0..<shape.group {
          let source = perHead + (((firstHead + member) * 2 + part) * length + row) * dimension
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
