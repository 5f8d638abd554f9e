import Kernels

/// SwiGLU's gate (Shazeer 2020): the last axis of x holds [gate | up] and the result is silu(gate) up, half as wide.
public func swiGLU(_ x: Tensor) -> Tensor {
  precondition(x.shape.columns % 2 == 0, "swiGLU: the last axis of \(x.shape) is odd")
  let (rows, width) = (x.shape.rows, x.shape.columns / 2)
  let y = Tensor(uninitialized: Shape(x.shape.dimensions.dropLast() + [width]))
  swiGLUForward(y.pointer, x.pointer, rows: rows, width: width)
  return recordGate("swiGLU", x, y) { x, dy in swiGLUBackward(x, dy, rows: rows, width: width) }
}

/// GELU in its tanh form (Hendrycks and Gimpel 2016): x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
public func gelu(_ x: Tensor) -> Tensor {
  let count = x.shape.count
  let y = Tensor(uninitialized: x.shape)
  geluForward(y.pointer, x.pointer, count)
  return recordGate("gelu", x, y) { x, dy in geluBackward(x, dy, count) }
}

/// `backward` turns x into its gradient and dy into y again, in place if nobody else holds them.
private func recordGate(
  _ name: StaticString, _ x: Tensor, _ y: Tensor,
  backward: @escaping (_ x: UnsafeMutablePointer<Float>, _ dy: UnsafeMutablePointer<Float>) -> Void
) -> Tensor {
  var saved = x.detached()
  let readers = Readers()
  return .record(name, [x], output: y, readers: readers) { back in
    var gradient = back.takeGradient(0)!
    saved.makeUnique()
    gradient.makeUnique()
    backward(saved.pointer, gradient.pointer)
    back.add(saved, to: 0)
    readers.pass(gradient)
  }
}
