import Kernels

/// Each element is set to zero with the given probability and else divided by one minus it (Srivastava et al. 2014). Which
/// ones is a function of `seed` and the element's index alone; the gradient is masked the same way.
public func dropout(_ x: Tensor, probability: Float, seed: UInt64) -> Tensor {
  precondition(probability >= 0 && probability < 1, "dropout: the probability \(probability) is not in [0, 1)")
  guard probability > 0 else { return x }
  let y = Tensor(uninitialized: x.shape)
  Kernels.dropout(y.pointer, x.pointer, probability: probability, seed: seed, x.shape.count)
  return .record("dropout", [x], output: y) { back in
    let dx = Tensor(uninitialized: y.shape)
    Kernels.dropout(dx.pointer, back.gradient.pointer, probability: probability, seed: seed, dx.shape.count)
    back.add(dx, to: 0)
  }
}
