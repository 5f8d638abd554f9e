/// out[row] = the largest of each row, and where it first stands; the first that is not a number, if there is one.
package func rowMaximum(
  _ out: UnsafeMutablePointer<Float>, indices: UnsafeMutablePointer<Int32>, _ x: UnsafePointer<Float>, rows: Int,
  columns: Int
) {
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let x = x + row * columns
      var best = 0
      for j in 1..<max(1, columns) where !(x[j] <= x[best]) && !x[best].isNaN { best = j }
      out[row] = x[best]
      indices[row] = Int32(best)
    }
  }
}
