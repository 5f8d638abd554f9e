import Kernels

/// max(x, 0). The gradient at 0 is 0.
public func relu(_ x: Tensor) -> Tensor { activation("relu", x, reluForward, reluBackward) }

/// The logistic function: 1 / (1 + e^-x).
public func sigmoid(_ x: Tensor) -> Tensor { activation("sigmoid", x, logisticForward, logisticBackward) }

/// The logarithm of the logistic function: min(x, 0) - ln(1 + e^-|x|), which overflows nowhere.
public func logSigmoid(_ x: Tensor) -> Tensor { activation("logSigmoid", x, logLogisticForward, logLogisticBackward) }

/// The hyperbolic tangent.
public func tanh(_ x: Tensor) -> Tensor { activation("tanh", x, tanhForward, tanhBackward) }

/// SiLU (Hendrycks and Gimpel 2016), also known as swish: x / (1 + e^-x).
public func silu(_ x: Tensor) -> Tensor { activation("silu", x, siluForward, siluBackward) }

private func activation(
  _ name: StaticString, _ x: Tensor,
  _ forward: (MutableBuffer, Buffer) -> Void, _ backward: @escaping (MutableBuffer, Buffer, Buffer) -> Void
) -> Tensor {
  var y = Tensor(uninitialized: x.shape)
  forward(y.mutableBuffer, x.buffer)
  let x0 = x.detached()
  return .record(name, [x], output: y) { back in
    var dx = Tensor(uninitialized: x0.shape)
    backward(dx.mutableBuffer, back.gradient.buffer, x0.buffer)
    back.add(dx, to: 0)
  }
}
