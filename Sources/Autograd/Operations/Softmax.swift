import Kernels

/// Softmax over the last axis: y = e^(x - max) / sum e^(x - max), dx = y (dy - sum(dy y)).
///
/// A row of minus infinities, where everything is masked, becomes zeros and has the gradient zero.
public func softmax(_ x: Tensor) -> Tensor {
  let (rows, columns) = matrix(x, "softmax")
  let y = Tensor(uninitialized: x.shape)
  softmaxForward(y.pointer, x.pointer, rows: rows, columns: columns)
  return .record("softmax", [x], output: y) { back in
    let dx = Tensor(uninitialized: y.shape)
    softmaxBackward(dx.pointer, back.gradient.pointer, y.pointer, rows: rows, columns: columns)
    back.add(dx, to: 0)
  }
}

/// The logarithm of softmax over the last axis: y = x - logsumexp(x), dx = dy - e^y sum(dy).
///
/// A row of minus infinities stays one and has the gradient dy.
public func logSoftmax(_ x: Tensor) -> Tensor {
  let (rows, columns) = matrix(x, "logSoftmax")
  let y = Tensor(uninitialized: x.shape)
  logSoftmaxForward(y.pointer, x.pointer, rows: rows, columns: columns)
  return .record("logSoftmax", [x], output: y) { back in
    let dx = Tensor(uninitialized: y.shape)
    logSoftmaxBackward(dx.pointer, back.gradient.pointer, y.pointer, rows: rows, columns: columns)
    back.add(dx, to: 0)
  }
}

/// ln of the sum of e^x over the last axis, which is dropped: dx = dy softmax(x).
///
/// A row of minus infinities gives minus infinity and has the gradient zero.
public func logSumExp(_ x: Tensor) -> Tensor {
  let (rows, columns) = matrix(x, "logSumExp")
  let y = Tensor(uninitialized: Shape(x.shape.dimensions.dropLast()))
  logSumExpForward(y.pointer, x.pointer, rows: rows, columns: columns)
  let x0 = x.detached()
  return .record("logSumExp", [x], output: y) { back in
    let dx = Tensor(uninitialized: x0.shape)
    logSumExpBackward(dx.pointer, back.gradient.pointer, x0.pointer, y.pointer, rows: rows, columns: columns)
    back.add(dx, to: 0)
  }
}

private func matrix(_ x: Tensor, _ name: String) -> (rows: Int, columns: Int) {
  precondition(x.shape.rank > 0 && x.shape.columns > 0, "\(name): \(x.shape) has no last axis to add up")
  return (x.shape.rows, x.shape.columns)
}
