import Kernels

/// Each element is set to zero with the given probability and else divided by one minus it (Srivastava et al. 2014). Which
/// ones is a function of `seed` and the element's index alone; the gradient is masked the same way.
public func dropout(_ x: Tensor, probability: Float, seed: UInt64) -> Tensor {
  precondition(probability >= 0 && probability < 1, "dropout: the probability \(probability) is not in [0, 1)")
  guard probability > 0 else { return x }
  var y = Tensor(uninitialized: x.shape)
  Kernels.dropout(y.mutableBuffer, x.buffer, probability: probability, seed: seed)
  let shape = x.shape
  return .record("dropout", [x], output: y) { back in
    var dx = Tensor(uninitialized: shape)
    Kernels.dropout(dx.mutableBuffer, back.gradient.buffer, probability: probability, seed: seed)
    back.add(dx, to: 0)
  }
}
