import Kernels

extension Tensor {
  /// The largest element over the given axes, all of them if none are given. Negative axes count from the end; with
  /// `keepingDimensions` the axes stay with length 1.
  ///
  /// The gradient goes to the first of several largest elements. Not a number wins over every number.
  public func max(over axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let reduced = shape.reducedAxes(axes)
    let kept = shape.dimensions.indices.filter { !reduced.contains($0) }
    let target = keepingDimensions ? shape.reduced(over: axes) : shape.dropping(axes)
    return permuted(kept + reduced.sorted()).rowMaximum(rows: shape.dropping(axes).count).reshaped(to: target)
  }

  /// The largest element of each of `rows` rows of equal length.
  private func rowMaximum(rows: Int) -> Tensor {
    precondition(shape.count > 0 || rows == 0, "max: nothing to choose from in shape \(shape)")
    let columns = shape.count / Swift.max(1, rows)
    var y = Tensor(uninitialized: [rows])
    let indices = Kernels.rowMaximum(y.mutableBuffer, Matrix(buffer, rows: rows, columns: columns))
    let full = shape
    return .record("max", [self], output: y) { back in
      var dx = Tensor(repeating: 0, shape: full)
      scatterAddColumns(
        MutableMatrix(dx.mutableBuffer, rows: rows, columns: columns), back.gradient.buffer, indices)
      back.add(dx, to: 0)
    }
  }
}
