import Kernels

/// Root mean square normalisation over the last axis (Zhang and Sennrich 2019): y = x w / sqrt(mean(x^2) + eps).
public func rmsNorm(_ x: Tensor, _ weight: Tensor, epsilon: Float) -> Tensor {
  normalize(x, nil, weight, epsilon: epsilon)[0]
}

/// The sum of x and `delta`, and its root mean square normalisation, in one pass over memory.
public func addAndRMSNorm(
  _ x: Tensor, _ delta: Tensor, _ weight: Tensor, epsilon: Float
) -> (sum: Tensor, normalized: Tensor) {
  precondition(x.shape == delta.shape, "addAndRMSNorm: \(x.shape) and \(delta.shape)")
  let outputs = normalize(x, delta, weight, epsilon: epsilon)
  return (outputs[1], outputs[0])
}

private func normalize(_ x: Tensor, _ delta: Tensor?, _ weight: Tensor, epsilon: Float) -> [Tensor] {
  let (rows, columns) = (x.shape.rows, x.shape.columns)
  precondition(weight.shape == [columns], "rmsNorm: x \(x.shape) does not fit weight \(weight.shape)")
  var y = Tensor(uninitialized: x.shape)
  var sum = delta.map { _ in Tensor(uninitialized: x.shape) }
  let inverse = Storage(count: rows)
  rmsNormForward(
    y.mutableBuffer, sum: sum?.mutableBuffer, inverse: inverse.mutableBuffer, x.buffer, delta: delta?.buffer,
    weight.buffer, epsilon: epsilon)

  let (source, weight0) = ((sum ?? x).detached(), weight.detached())
  let operands = [weight, x] + (delta.map { [$0] } ?? [])
  let readers = PendingReaders()
  let isSum = delta != nil
  return Tensor.record("rmsNorm", operands, outputs: [y] + (sum.map { [$0] } ?? []), readers: readers) { back in
    var dw = Tensor(uninitialized: weight0.shape)
    back.addNormGradient(residual: isSum, readers) { dx, dy, residual in
      rmsNormBackward(
        dx, dw: dw.mutableBuffer, dy, source.buffer, weight0.buffer, inverse: inverse.buffer, residual: residual)
      back.add(dw, to: 0)
    }
  }
}
