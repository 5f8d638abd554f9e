/// out[i] = table[ids[i]] for rows of the table [V, C]. Every id is inside the table.
package func gatherRows(_ out: MutableBuffer, _ table: Matrix, _ ids: [Int32]) {
  let (rows, columns) = (ids.count, table.columns)
  Profile.begin("embedding forward", floats: 2 * rows * columns)
  defer { Profile.end() }
  let (out, table) = (out.pointer, table.raw)
  ids.withUnsafeBufferPointer { ids in
    Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
      for row in range {
        (out + row * columns).update(from: table.at(Int(ids[row]), 0), count: columns)
      }
    }
  }
}

/// table[ids[i]] += x[i]. Each piece owns a range of the table's rows and adds what belongs to them in the order of i,
/// so no two threads write the same row and the order of the additions is fixed.
package func scatterAddRows(_ table: MutableMatrix, _ x: Buffer, _ ids: [Int32]) {
  let (rows, columns, tableRows) = (ids.count, table.columns, table.rows)
  Profile.begin("embedding backward", floats: 3 * rows * columns)
  defer { Profile.end() }
  let pieces = min(tableRows, 16)
  let (table, x) = (table.raw, x.pointer)
  ids.withUnsafeBufferPointer { ids in
    Parallel.run(pieces) { piece, _ in
      let low = Int32(tableRows * piece / pieces)
      let high = Int32(tableRows * (piece + 1) / pieces)
      for row in 0..<rows where ids[row] >= low && ids[row] < high {
        let target = table.at(Int(ids[row]), 0)
        let source = x + row * columns
        for j in 0..<columns { target[j] += source[j] }
      }
    }
  }
}
