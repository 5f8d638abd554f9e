import Kernels

extension Tensor {
  /// The elements whose index along `axis` is in `range`. The gradient of all others is zero.
  public func slice(_ range: Range<Int>, axis: Int = 0) -> Tensor {
    let axis = shape.normalized(axis)
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[axis], "slice: \(range) is outside axis \(axis) of \(shape)")
    var dimensions = shape.dimensions
    dimensions[axis] = range.count
    let target = Shape(dimensions)
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let rows = dimensions[..<axis].reduce(1, *)
    let (start, columns, stride) = (range.lowerBound * inner, range.count * inner, shape[axis] * inner)
    var y: Tensor
    if rows == 1 {
      y = Tensor(storage: storage, offset: offset + start, shape: target)
    } else {
      y = Tensor(uninitialized: target)
      if target.count > 0 {
        copyBlock(
          MutableMatrix(y.mutableBuffer, rows: rows, columns: columns),
          Matrix(buffer[start..<shape.count], rows: rows, columns: columns, stride: stride))
      }
    }
    let count = shape.count
    return .record("slice", [self], output: y) { back in
      let dy = back.gradient
      back.accumulate(into: 0) { dx, accumulates in
        if !accumulates { fill(dx, 0) }
        guard rows * columns > 0 else { return }
        accumulateBlock(
          MutableMatrix(dx[start..<count], rows: rows, columns: columns, stride: stride),
          Matrix(dy.buffer, rows: rows, columns: columns))
      }
    }
  }
}
