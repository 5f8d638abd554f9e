// Picks `count` elements of each row of `columns` numbers. Every index is inside its row.

/// out[row, j] = x[row, indices[row, j]].
package func gatherColumns(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ indices: UnsafePointer<Int32>, rows: Int,
  columns: Int, count: Int
) {
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: count)) { range in
    for row in range {
      for j in row * count..<(row + 1) * count { out[j] = x[row * columns + Int(indices[j])] }
    }
  }
}

/// dx[row, indices[row, j]] += dy[row, j], in the order of j.
package func scatterAddColumns(
  _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ indices: UnsafePointer<Int32>, rows: Int,
  columns: Int, count: Int
) {
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: count)) { range in
    for row in range {
      for j in row * count..<(row + 1) * count { dx[row * columns + Int(indices[j])] += dy[j] }
    }
  }
}
