import Glibc

// Functions of each element. No two buffers may be the same: the loops would not vectorise.

/// out[i] = f(x[i]) over n numbers, on all threads.
@inline(__always)
private func map(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int, _ f: (Float) -> Float
) {
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range { out[i] = f(x[i]) }
  }
}

/// dx[i] = dy[i] slope(x[i]) over n numbers, on all threads.
@inline(__always)
private func mapGradient(
  _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int,
  _ slope: (Float) -> Float
) {
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range { dx[i] = dy[i] * slope(x[i]) }
  }
}

/// out = e^x.
package func exponentialForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { exponential($0) }
}

/// out = ln x.
package func logarithmForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { logarithm($0) }
}

/// out = sqrt(x).
package func squareRootForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { $0.squareRoot() }
}

/// out = x^exponent, by way of Double: within one unit in the last place.
package func powerForward(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, exponent: Float, _ n: Int
) {
  let exponent = Double(exponent)
  Parallel.forRanges(n, grain: 1024) { range in
    for i in range { out[i] = Float(pow(Double(x[i]), exponent)) }
  }
}

/// out = max(x, 0); what is not a number stays so.
package func reluForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { $0 < 0 ? 0 : $0 }
}

/// dx = dy where x > 0, else 0.
package func reluBackward(
  _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int
) {
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { dx[i] = x[i] > 0 ? dy[i] : 0 }
  }
}

/// out = 1 / (1 + e^-x).
package func logisticForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { logistic($0) }
}

/// dx = dy z / (1 + z)^2 with z = e^-|x|, which keeps its precision where the function is nearly flat.
package func logisticBackward(
  _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int
) {
  mapGradient(dx, dy, x, n) { bell(exponential(-abs($0))) }
}

/// out = tanh x.
package func tanhForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { hyperbolicTangent($0) }
}

/// dx = dy 4 z / (1 + z)^2 with z = e^-2|x|, which is 1 - tanh^2 without the cancellation.
package func tanhBackward(
  _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int
) {
  mapGradient(dx, dy, x, n) { 4 * bell(exponential(-2 * abs($0))) }
}

/// out = ln(1 / (1 + e^-x)).
package func logLogisticForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { logLogistic($0) }
}

/// dx = dy / (1 + e^x).
package func logLogisticBackward(
  _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int
) {
  mapGradient(dx, dy, x, n) { logistic(-$0) }
}

/// out = x / (1 + e^-x).
package func siluForward(_ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int) {
  map(out, x, n) { $0 * logistic($0) }
}

/// dx = dy s (1 + x (1 - s)) with s = 1 / (1 + e^-x).
package func siluBackward(
  _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, _ n: Int
) {
  mapGradient(dx, dy, x, n) {
    let s = logistic($0)
    return s * Float(1).addingProduct($0, 1 - s)
  }
}

/// z / (1 + z)^2.
@inline(__always)
private func bell(_ z: Float) -> Float {
  z / ((1 + z) * (1 + z))
}
