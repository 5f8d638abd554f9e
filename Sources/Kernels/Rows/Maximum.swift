/// out[row] = the largest of each row of x [rows, columns]; the result is where it first stands. The first that is not a number
/// wins, if there is one.
package func rowMaximum(_ out: MutableBuffer, _ x: Matrix) -> [Int32] {
  let (out, x) = (out.pointer, x.raw)
  return [Int32](unsafeUninitializedCapacity: x.rows) { indices, count in
    let indices = indices.baseAddress!
    Parallel.forRanges(x.rows, grain: Parallel.rowGrain(columns: x.columns)) { range in
      for row in range {
        let values = x.at(row, 0)
        var best = 0
        for j in 1..<max(1, x.columns) where !(values[j] <= values[best]) && !values[best].isNaN { best = j }
        out[row] = values[best]
        indices[row] = Int32(best)
      }
    }
    count = x.rows
  }
}
