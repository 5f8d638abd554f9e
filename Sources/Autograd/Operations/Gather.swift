import Kernels

extension Tensor {
  /// Elements along the last axis by index (NumPy's `take_along_axis`, PyTorch's `gather`): from [..., C], with the
  /// same number of indices for each row, to [..., indices a row]. Every index is in 0..<C.
  ///
  /// The gradient of an element that is taken several times is the sum over all its uses.
  public func gathered(_ indices: [Int32]) -> Tensor {
    precondition(shape.rank > 0, "gathered: a scalar has no axis")
    let (rows, columns) = (shape.rows, shape.columns)
    let count = indices.count / Swift.max(1, rows)
    precondition(count * rows == indices.count, "gathered: \(indices.count) indices for the rows of \(shape)")
    precondition(
      indices.allSatisfy { $0 >= 0 && $0 < columns }, "gathered: an index is outside the last axis of \(shape)")
    var y = Tensor(uninitialized: Shape(shape.dimensions.dropLast() + [count]))
    gatherColumns(y.mutableBuffer, matrix, indices)
    return .record("gather", [self], output: y) { back in
      let dy = back.gradient
      back.accumulate(into: 0) { dx, accumulates in
        if !accumulates { fill(dx, 0) }
        scatterAddColumns(MutableMatrix(dx, rows: rows, columns: columns), dy.buffer, indices)
      }
    }
  }
}
