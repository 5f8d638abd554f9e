import Kernels

/// Rows of a table by index: [rows, C] and indices of `shape` [...] to [..., C]. Every index is inside the table.
public func embedding(_ table: Tensor, _ indices: [Int32], shape: Shape) -> Tensor {
  embedding(Weight(table), indices, shape: shape, padding: nil)
}

/// The same of a parameter, which may be of few bits. The row of `padding` gets no gradient (`padding_idx` of PyTorch's
/// `Embedding`).
public func embedding(_ table: Parameter, _ indices: [Int32], shape: Shape, padding: Int? = nil) -> Tensor {
  embedding(Weight(table), indices, shape: shape, padding: padding)
}

private func embedding(_ table: Weight, _ indices: [Int32], shape: Shape, padding: Int?) -> Tensor {
  precondition(table.shape.rank == 2, "embedding: the table has shape \(table.shape)")
  precondition(indices.count == shape.count, "embedding: \(indices.count) indices do not fill \(shape)")
  let (tableRows, columns) = (table.shape[0], table.shape[1])
  precondition(
    indices.allSatisfy { $0 >= 0 && $0 < tableRows }, "embedding: an index is outside the table's \(tableRows) rows")
  var y = Tensor(uninitialized: Shape(shape.dimensions + [columns]))
  gatherRows(y.mutableBuffer, table.matrix, indices)
  return .record("embedding", [table.tensor], output: y) { back in
    let dy = back.gradient
    back.accumulate(into: 0) { dTable, accumulates in
      if !accumulates { fill(dTable, 0) }
      let learning = padding.map { padding in indices.map { $0 == padding ? -1 : $0 } } ?? indices
      scatterAddRows(MutableMatrix(dTable, rows: tableRows, columns: columns), dy.buffer, learning)
    }
  }
}
