/// out[i] = table[ids[i]], rows of `columns` numbers. Every id is inside the table.
package func gatherRows(
  _ out: UnsafeMutablePointer<Float>, _ table: UnsafePointer<Float>, _ ids: UnsafePointer<Int32>, rows: Int,
  columns: Int
) {
  Profile.begin("embedding forward", floats: 2 * rows * columns)
  defer { Profile.end() }
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      (out + row * columns).update(from: table + Int(ids[row]) * columns, count: columns)
    }
  }
}

/// table[ids[i]] += x[i]. Each piece owns a range of the table's rows and adds what belongs to them in the order of i,
/// so no two threads write the same row and the order of the additions is fixed.
package func scatterAddRows(
  _ table: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ ids: UnsafePointer<Int32>, rows: Int, columns: Int,
  tableRows: Int
) {
  Profile.begin("embedding backward", floats: 3 * rows * columns)
  defer { Profile.end() }
  let pieces = min(tableRows, 16)
  Parallel.run(pieces) { piece, _ in
    let low = Int32(tableRows * piece / pieces)
    let high = Int32(tableRows * (piece + 1) / pieces)
    for row in 0..<rows where ids[row] >= low && ids[row] < high {
      let target = table + Int(ids[row]) * columns
      let source = x + row * columns
      for j in 0..<columns { target[j] += source[j] }
    }
  }
}
