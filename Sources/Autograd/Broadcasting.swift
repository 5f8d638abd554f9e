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
  /// The elements repeated along new leading axes and along axes of length 1 until the shape is `target` (NumPy's rule).
  ///
  /// The gradient is summed over what was repeated.
  public func broadcast(to target: Shape) -> Tensor {
    guard target != shape else { return self }
    precondition(shape.broadcast(with: target) == target, "broadcast: \(shape) does not fit \(target)")
    var y = Tensor(uninitialized: target)
    if target.count > 0 {
      copyStrided(y.mutableBuffer, buffer, dimensions: target.dimensions, steps: shape.strides(broadcastTo: target))
    }
    return .record("broadcast", [self], output: y) { back in back.add(back.takeGradient(0)!, to: 0) }
  }

  /// Sums over the axes that were broadcast, so that the gradient has the operand's shape. Not recorded.
  package func summed(to target: Shape) -> Tensor {
    guard target != shape else { return detached() }
    var result = Tensor(repeating: 0, shape: target)
    if shape.count > 0 {
      sumBroadcast(
        result.mutableBuffer, buffer, dimensions: shape.dimensions, steps: target.strides(broadcastTo: shape))
    }
    return result
  }
}
