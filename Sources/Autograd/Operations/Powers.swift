import Kernels

/// x^2: dx = 2 x dy.
public func square(_ x: Tensor) -> Tensor {
  let x0 = x.detached()
  return .record("square", [x], output: x0 * x0) { back in back.add(back.gradient * (2 * x0), to: 0) }
}

/// The square root: dx = dy / (2 y). Not a number below 0; the gradient at 0 is infinite.
public func sqrt(_ x: Tensor) -> Tensor {
  var y = Tensor(uninitialized: x.shape)
  squareRootForward(y.mutableBuffer, x.buffer)
  return .record("sqrt", [x], output: y) { [y] back in back.add(back.gradient / (2 * y), to: 0) }
}

/// x^p for a constant p: dx = p x^(p - 1) dy. Not a number where x < 0 and p is no integer.
public func pow(_ x: Tensor, _ exponent: Float) -> Tensor {
  let x0 = x.detached()
  return .record("pow", [x], output: raised(x0, exponent)) { back in
    // The derivative of x^0 is 0 everywhere, also where x^-1 is infinite.
    guard exponent != 0 else { return back.add(Tensor(repeating: 0, shape: x0.shape), to: 0) }
    back.add(back.gradient * (exponent * raised(x0, exponent - 1)), to: 0)
  }
}

private func raised(_ x: Tensor, _ exponent: Float) -> Tensor {
  var y = Tensor(uninitialized: x.shape)
  powerForward(y.mutableBuffer, x.buffer, exponent: exponent)
  return y
}
