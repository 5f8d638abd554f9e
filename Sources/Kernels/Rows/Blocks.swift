// Blocks of a larger matrix: `rows` rows of `columns` numbers, each row `stride` numbers after the one before.

/// out = x for each row of a block.
package func copyBlock(
  _ out: UnsafeMutablePointer<Float>, stride outStride: Int, _ x: UnsafePointer<Float>, stride: Int, rows: Int,
  columns: Int
) {
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range { (out + row * outStride).update(from: x + row * stride, count: columns) }
  }
}

/// out += x for each row of a block.
package func accumulateBlock(
  _ out: UnsafeMutablePointer<Float>, stride outStride: Int, _ x: UnsafePointer<Float>, stride: Int, rows: Int,
  columns: Int
) {
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let out = out + row * outStride
      let x = x + row * stride
      for j in 0..<columns { out[j] += x[j] }
    }
  }
}
