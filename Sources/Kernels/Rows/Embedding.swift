/// out[i] = table[ids[i]] for rows of the table [V, C]. Every id is inside the table.
package func gatherRows(_ out: MutableBuffer, _ table: Matrix, _ ids: [Int32]) {
  let raw = table.raw
  gatherRows(out, columns: table.columns, ids) { row, out in out.update(from: raw.at(row, 0), count: raw.columns) }
}

/// The same for a table that may be of few bits; it is not transposed.
package func gatherRows(_ out: MutableBuffer, _ table: WeightMatrix, _ ids: [Int32]) {
  switch table {
  case .floats(let table): gatherRows(out, table, ids)
  case .packed(let table):
    require(!table.isTransposed, "columns of a packed table")
    let (raw, columns) = (table.raw, table.columns)
    gatherRows(out, columns: columns, ids) { row, out in raw.decode(row, 0..<columns, to: out) }
  }
}

private func gatherRows(
  _ out: MutableBuffer, columns: Int, _ ids: [Int32], _ copy: (_ row: Int, UnsafeMutablePointer<Float>) -> Void
) {
  let rows = ids.count
  Profile.begin("embedding forward", floats: 2 * rows * columns)
  defer { Profile.end() }
  let out = out.pointer
  ids.withUnsafeBufferPointer { ids in
    Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
      for row in range { copy(Int(ids[row]), out + row * columns) }
    }
  }
}

/// table[ids[i]] += x[i]. Each piece owns a range of the table's rows and adds what belongs to them in the order of i,
/// so no two threads write the same row and the order of the additions is fixed.
package func scatterAddRows(_ table: MutableMatrix, _ x: Buffer, _ ids: [Int32]) {
  let (rows, columns, tableRows) = (ids.count, table.columns, table.rows)
  Profile.begin("embedding backward", floats: 3 * rows * columns)
  defer { Profile.end() }
  let pieces = min(tableRows, max(16, 2 * Parallel.threads))
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
