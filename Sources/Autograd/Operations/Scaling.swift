import Kernels

extension Tensor {
  /// x times a number, which keeps nothing for the backward pass: dx = scale dy.
  public func scaled(by scale: Float) -> Tensor {
    var y = copied()
    Kernels.scale(y.mutableBuffer, by: scale)
    return .record("scale", [self], output: y) { back in back.add(back.takeGradient(0)!.scaled(by: scale), to: 0) }
  }
}
