extension Tensor {
  /// The same elements in row-major order in another shape; costs nothing.
  public func reshaped(to target: Shape) -> Tensor {
    let original = shape
    return .record("reshape", [self], output: viewed(as: target)) { back in
      back.add(back.takeGradient(0)!.viewed(as: original), to: 0)
    }
  }
}
