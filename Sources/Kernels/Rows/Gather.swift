// Picks the same number of elements from each row of x [rows, columns]. Every index is inside its row.

/// out[row, j] = x[row, indices[row, j]].
package func gatherColumns(_ out: MutableBuffer, _ x: Matrix, _ indices: [Int32]) {
  let count = indices.count / max(1, x.rows)
  let (out, x) = (out.pointer, x.raw)
  indices.withUnsafeBufferPointer { indices in
    Parallel.forRanges(x.rows, grain: Parallel.rowGrain(columns: count)) { range in
      for row in range {
        let x = x.at(row, 0)
        for j in row * count..<(row + 1) * count { out[j] = x[Int(indices[j])] }
      }
    }
  }
}

/// dx[row, indices[row, j]] += dy[row, j], in the order of j.
package func scatterAddColumns(_ dx: MutableMatrix, _ dy: Buffer, _ indices: [Int32]) {
  let count = indices.count / max(1, dx.rows)
  let (dx, dy) = (dx.raw, dy.pointer)
  indices.withUnsafeBufferPointer { indices in
    Parallel.forRanges(dx.rows, grain: Parallel.rowGrain(columns: count)) { range in
      for row in range {
        let dx = dx.at(row, 0)
        for j in row * count..<(row + 1) * count { dx[Int(indices[j])] += dy[j] }
      }
    }
  }
}
