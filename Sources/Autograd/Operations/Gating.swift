import Kernels

/// SwiGLU's gate (Shazeer 2020): the last axis of x holds [gate | up] and the result is silu(gate) up, half as wide.
public func swiGLU(_ x: Tensor) -> Tensor {
  precondition(x.shape.columns % 2 == 0, "swiGLU: the last axis of \(x.shape) is odd")
  let width = x.shape.columns / 2
  var y = Tensor(uninitialized: Shape(x.shape.dimensions.dropLast() + [width]))
  swiGLUForward(y.mutableBuffer, x.buffer, width: width)
  return recordGate("swiGLU", x, y) { x, dy in swiGLUBackward(x, dy, width: width) }
}

/// GeGLU's gate (Shazeer 2020) with GELU in its tanh form: the last axis of x holds [gate | up] and the result is gelu(gate)
/// up, half as wide.
public func geGLU(_ x: Tensor) -> Tensor {
  precondition(x.shape.columns % 2 == 0, "geGLU: the last axis of \(x.shape) is odd")
  let width = x.shape.columns / 2
  var y = Tensor(uninitialized: Shape(x.shape.dimensions.dropLast() + [width]))
  geGLUForward(y.mutableBuffer, x.buffer, width: width)
  return recordGate("geGLU", x, y) { x, dy in geGLUBackward(x, dy, width: width) }
}

/// GELU as it is defined (Hendrycks and Gimpel 2016): x (1 + erf(x / sqrt 2)) / 2.
public func exactGELU(_ x: Tensor) -> Tensor {
  var y = Tensor(uninitialized: x.shape)
  exactGELUForward(y.mutableBuffer, x.buffer)
  return recordGate("exactGELU", x, y) { x, dy in exactGELUBackward(x, dy) }
}

/// GELU in its tanh form (Hendrycks and Gimpel 2016): x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
public func gelu(_ x: Tensor) -> Tensor {
  var y = Tensor(uninitialized: x.shape)
  geluForward(y.mutableBuffer, x.buffer)
  return recordGate("gelu", x, y) { x, dy in geluBackward(x, dy) }
}

/// `backward` turns x into its gradient and dy into the recomputed y, in place if nobody else holds them.
private func recordGate(
  _ name: StaticString, _ x: Tensor, _ y: Tensor,
  backward: @escaping (_ x: MutableBuffer, _ dy: MutableBuffer) -> Void
) -> Tensor {
  var saved = x.detached()
  let readers = PendingReaders()
  return .record(name, [x], output: y, readers: readers) { back in
    var gradient = back.takeGradient(0)!
    backward(saved.mutableBuffer, gradient.mutableBuffer)
    back.add(saved, to: 0)
    readers.pass(gradient)
  }
}
