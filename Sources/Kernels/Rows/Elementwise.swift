import Glibc

// Functions of each element. No two buffers may be the same: the loops would not vectorise.

/// out[i] = f(x[i]), on all threads.
@inline(__always)
private func map(_ out: MutableBuffer, _ x: Buffer, _ f: (Float) -> Float) {
  let (out, n, x) = (out.pointer, x.count, x.pointer)
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range { out[i] = f(x[i]) }
  }
}

/// dx[i] = dy[i] slope(x[i]), on all threads.
@inline(__always)
private func mapGradient(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer, _ slope: (Float) -> Float) {
  let (dx, dy, n, x) = (dx.pointer, dy.pointer, x.count, x.pointer)
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range { dx[i] = dy[i] * slope(x[i]) }
  }
}

/// out = e^x.
package func exponentialForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { exponential($0) }
}

/// out = ln x.
package func logarithmForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { logarithm($0) }
}

/// out = sqrt(x).
package func squareRootForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { $0.squareRoot() }
}

/// out = x^exponent, by way of Double: within one unit in the last place.
package func powerForward(_ out: MutableBuffer, _ x: Buffer, exponent: Float) {
  let (out, n, x) = (out.pointer, x.count, x.pointer)
  let exponent = Double(exponent)
  Parallel.forRanges(n, grain: 1024) { range in
    for i in range { out[i] = Float(pow(Double(x[i]), exponent)) }
  }
}

/// out = max(x, 0); what is not a number stays so.
package func reluForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { $0 < 0 ? 0 : $0 }
}

/// dx = dy where x > 0, else 0.
package func reluBackward(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer) {
  let (dx, dy, n, x) = (dx.pointer, dy.pointer, x.count, x.pointer)
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { dx[i] = x[i] > 0 ? dy[i] : 0 }
  }
}

/// out = 1 / (1 + e^-x).
package func logisticForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { logistic($0) }
}

/// dx = dy z / (1 + z)^2 with z = e^-|x|, which keeps its precision where the function is nearly flat.
package func logisticBackward(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer) {
  mapGradient(dx, dy, x) { bell(exponential(-abs($0))) }
}

/// out = tanh x.
package func tanhForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { hyperbolicTangent($0) }
}

/// dx = dy 4 z / (1 + z)^2 with z = e^-2|x|, which is 1 - tanh^2 without the cancellation.
package func tanhBackward(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer) {
  mapGradient(dx, dy, x) { 4 * bell(exponential(-2 * abs($0))) }
}

/// out = ln(1 / (1 + e^-x)).
package func logLogisticForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { logLogistic($0) }
}

/// dx = dy / (1 + e^x).
package func logLogisticBackward(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer) {
  mapGradient(dx, dy, x) { logistic(-$0) }
}

/// out = x / (1 + e^-x).
package func siluForward(_ out: MutableBuffer, _ x: Buffer) {
  map(out, x) { $0 * logistic($0) }
}

/// dx = dy s (1 + x (1 - s)) with s = 1 / (1 + e^-x).
package func siluBackward(_ dx: MutableBuffer, _ dy: Buffer, _ x: Buffer) {
  mapGradient(dx, dy, x) {
    let s = logistic($0)
    return s * Float(1).addingProduct($0, 1 - s)
  }
}

/// z / (1 + z)^2.
@inline(__always)
private func bell(_ z: Float) -> Float {
  z / ((1 + z) * (1 + z))
}

/// Whether no number of x is infinite or not a number.
package func isFinite(_ x: Buffer) -> Bool {
  x.withUnsafeBufferPointer { $0.allSatisfy(\.isFinite) }
}
