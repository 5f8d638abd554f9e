import Glibc
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

/// ln(1 - e^x) for x <= 0, to the precision of x where e^x is almost 1: dx = dy / (1 - e^-x). Minus infinity at 0.
public func logOneMinusExp(_ x: Tensor) -> Tensor {
  func map(_ function: (Double) -> Double) -> Tensor {
    Tensor(x.detached().elements.map { Float(function(Double($0))) }, shape: x.shape)
  }
  let slope = map { -1 / expm1(-$0) }
  return .record("logOneMinusExp", [x], output: map { log(-expm1($0)) }) { back in
    back.add(back.gradient * slope, to: 0)
  }
}
