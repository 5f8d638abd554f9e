import Kernels

/// Softmax over the last axis: y = e^(x - max) / sum e^(x - max), dx = y (dy - sum(dy y)).
///
/// A row of minus infinities, where everything is masked, becomes zeros and has the gradient zero.
public func softmax(_ x: Tensor) -> Tensor {
  let columns = lastAxis(x, "softmax")
  var y = Tensor(uninitialized: x.shape)
  softmaxForward(y.mutableBuffer, x.buffer, columns: columns)
  return .record("softmax", [x], output: y) { [y] back in
    var dx = Tensor(uninitialized: y.shape)
    softmaxBackward(dx.mutableBuffer, back.gradient.buffer, y.buffer, columns: columns)
    back.add(dx, to: 0)
  }
}

/// The logarithm of softmax over the last axis: y = x - logsumexp(x), dx = dy - e^y sum(dy).
///
/// A row of minus infinities stays one and has the gradient dy.
public func logSoftmax(_ x: Tensor) -> Tensor {
  let columns = lastAxis(x, "logSoftmax")
  var y = Tensor(uninitialized: x.shape)
  logSoftmaxForward(y.mutableBuffer, x.buffer, columns: columns)
  return .record("logSoftmax", [x], output: y) { [y] back in
    var dx = Tensor(uninitialized: y.shape)
    logSoftmaxBackward(dx.mutableBuffer, back.gradient.buffer, y.buffer, columns: columns)
    back.add(dx, to: 0)
  }
}

/// ln of the sum of e^x over the last axis, which is dropped: dx = dy softmax(x).
///
/// A row of minus infinities gives minus infinity and has the gradient zero.
public func logSumExp(_ x: Tensor) -> Tensor {
  let columns = lastAxis(x, "logSumExp")
  var y = Tensor(uninitialized: Shape(x.shape.dimensions.dropLast()))
  logSumExpForward(y.mutableBuffer, x.buffer, columns: columns)
  let x0 = x.detached()
  return .record("logSumExp", [x], output: y) { [y] back in
    var dx = Tensor(uninitialized: x0.shape)
    logSumExpBackward(dx.mutableBuffer, back.gradient.buffer, x0.buffer, y.buffer)
    back.add(dx, to: 0)
  }
}

private func lastAxis(_ x: Tensor, _ name: String) -> Int {
  precondition(x.shape.rank > 0 && x.shape.columns > 0, "\(name): \(x.shape) has no last axis to add up")
  return x.shape.columns
}
