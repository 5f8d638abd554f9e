import Kernels

// The inputs become their own gradients and the gradients the outputs again, in place if nobody else holds them.

/// SwiGLU's gate (Shazeer 2020): the last axis of x holds [gate | up] and the result is silu(gate) up, half as wide.
public func swiGLU(_ x: Tensor) -> Tensor {
  precondition(x.shape.columns % 2 == 0, "swiGLU: the last axis of \(x.shape) is odd")
  let (rows, width) = (x.shape.rows, x.shape.columns / 2)
  let y = Tensor(uninitialized: Shape(x.shape.dimensions.dropLast() + [width]))
  swiGLUForward(y.pointer, x.pointer, rows: rows, width: width)
  var saved = x.detached()
  let readers = Readers()
  return .record("swiGLU", [x], output: y, readers: readers) { back in
    var gradient = back.takeGradient(0)!
    saved.makeUnique()
    gradient.makeUnique()
    swiGLUBackward(saved.pointer, gradient.pointer, rows: rows, width: width)
    back.add(saved, to: 0)
    readers.pass(gradient)
  }
}

/// GELU in its tanh form (Hendrycks and Gimpel 2016): x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
public func gelu(_ x: Tensor) -> Tensor {
  let y = Tensor(uninitialized: x.shape)
  geluForward(y.pointer, x.pointer, x.shape.count)
  var saved = x.detached()
  let readers = Readers()
  return .record("gelu", [x], output: y, readers: readers) { back in
    var gradient = back.takeGradient(0)!
    saved.makeUnique()
    gradient.makeUnique()
    geluBackward(saved.pointer, gradient.pointer, saved.shape.count)
    back.add(saved, to: 0)
    readers.pass(gradient)
  }
}
