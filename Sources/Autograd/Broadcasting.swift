import Kernels

extension Shape {
  /// The step in a tensor of this shape for each axis of `other`, which it broadcasts to: zero where it repeats.
  package func strides(broadcastTo other: Shape) -> [Int] {
    let own = strides
    return (0..<other.rank).map { axis in
      let mine = axis - (other.rank - rank)
      return mine < 0 || (dimensions[mine] == 1 && other.dimensions[axis] != 1) ? 0 : own[mine]
    }
  }
}

extension Tensor {
  /// Sums over the axes that were broadcast, so that the gradient has the operand's shape. Not recorded.
  package func summed(to target: Shape) -> Tensor {
    guard target != shape else { return detached() }
    let result = Tensor(repeating: 0, shape: target)
    if shape.count > 0 {
      sumBroadcast(
        result.pointer, pointer, dimensions: shape.dimensions, strides: target.strides(broadcastTo: shape))
    }
    return result
  }
}
