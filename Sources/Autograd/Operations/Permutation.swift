import Kernels

extension Tensor {
  /// The axes in another order: axis i of the result is axis `axes[i]` of this tensor (NumPy's `transpose`).
  public func permuted(_ axes: [Int]) -> Tensor {
    let order = axes.map(shape.normalized)
    precondition(
      order.sorted() == Array(shape.dimensions.indices), "permuted: \(axes) do not order the axes of \(shape)")
    guard order != Array(order.indices) else { return self }
    var y = Tensor(uninitialized: Shape(order.map { shape[$0] }))
    if shape.count > 0 {
      let strides = shape.strides
      copyStrided(y.mutableBuffer, buffer, dimensions: y.shape.dimensions, steps: order.map { strides[$0] })
    }
    let inverse = order.indices.sorted { order[$0] < order[$1] }
    return .record("permute", [self], output: y) { back in back.add(back.gradient.permuted(inverse), to: 0) }
  }

  /// Two axes swapped, the last two if none are named.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    var order = Array(shape.dimensions.indices)
    order.swapAt(shape.normalized(first), shape.normalized(second))
    return permuted(order)
  }
}
