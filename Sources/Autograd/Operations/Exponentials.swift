import Kernels

/// e^x: dx = dy y.
public func exp(_ x: Tensor) -> Tensor {
  var y = Tensor(uninitialized: x.shape)
  exponentialForward(y.mutableBuffer, x.buffer)
  return .record("exp", [x], output: y) { [y] back in back.add(back.gradient * y, to: 0) }
}

/// ln x: dx = dy / x. Minus infinity at 0, not a number below.
public func log(_ x: Tensor) -> Tensor {
  var y = Tensor(uninitialized: x.shape)
  logarithmForward(y.mutableBuffer, x.buffer)
  let x0 = x.detached()
  return .record("log", [x], output: y) { back in back.add(back.gradient / x0, to: 0) }
}
