/// out = x for matrices whose rows may have gaps between them, on all threads.
package func copyBlock(_ out: MutableMatrix, _ x: Matrix) {
  let (out, x) = (out.raw, x.raw)
  Parallel.forRanges(x.rows, grain: Parallel.rowGrain(columns: x.columns)) { range in
    for row in range { out.at(row, 0).update(from: x.at(row, 0), count: x.columns) }
  }
}

/// out += x for matrices whose rows may have gaps between them, on all threads.
package func accumulateBlock(_ out: MutableMatrix, _ x: Matrix) {
  let (out, x) = (out.raw, x.raw)
  let columns = x.columns
  Parallel.forRanges(x.rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let (out, x) = (out.at(row, 0), x.at(row, 0))
      for j in 0..<columns { out[j] += x[j] }
    }
  }
}

/// out[j] = the mean of column j of x [rows, columns], added up in Double in the order of the rows.
package func columnMeans(_ out: MutableBuffer, _ x: Matrix) {
  let (out, x) = (out.pointer, x.raw)
  Parallel.forRanges(x.columns, grain: max(1, 16384 / max(1, x.rows))) { range in
    for column in range {
      var sum = 0.0
      for row in 0..<x.rows { sum += Double(x.at(row, column).pointee) }
      out[column] = Float(sum / Double(x.rows))
    }
  }
}
