import Kernels

/// Layer normalisation over the last axis (Ba, Kiros and Hinton 2016): y = (x - mean) / sqrt(var + eps) w + b.
public func layerNorm(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, epsilon: Float) -> Tensor {
  normalize(x, nil, weight, bias, epsilon: epsilon)[0]
}

/// The sum of x and `delta`, and its layer normalisation, in one pass over memory.
public func addAndLayerNorm(
  _ x: Tensor, _ delta: Tensor, _ weight: Tensor, _ bias: Tensor, epsilon: Float
) -> (sum: Tensor, normalized: Tensor) {
  precondition(x.shape == delta.shape, "addAndLayerNorm: \(x.shape) and \(delta.shape)")
  let outputs = normalize(x, delta, weight, bias, epsilon: epsilon)
  return (outputs[1], outputs[0])
}

private func normalize(_ x: Tensor, _ delta: Tensor?, _ weight: Tensor, _ bias: Tensor, epsilon: Float) -> [Tensor] {
  let (rows, columns) = (x.shape.rows, x.shape.columns)
  precondition(
    weight.shape == [columns] && bias.shape == [columns],
    "layerNorm: x \(x.shape) does not fit weight \(weight.shape) and bias \(bias.shape)")
  var y = Tensor(uninitialized: x.shape)
  var sum = delta.map { _ in Tensor(uninitialized: x.shape) }
  let statistics = Storage(count: 2 * rows)
  layerNormForward(
    y.mutableBuffer, sum: sum?.mutableBuffer, statistics: statistics.mutableBuffer, x.buffer, delta: delta?.buffer,
    weight.buffer, bias.buffer, epsilon: epsilon)

  let (source, weight0, bias0) = ((sum ?? x).detached(), weight.detached(), bias.detached())
  let operands = [weight, x] + (delta.map { [$0] } ?? []) + [bias]
  let readers = PendingReaders()
  let (isSum, biasInput) = (delta != nil, operands.count - 1)
  return Tensor.record("layerNorm", operands, outputs: [y] + (sum.map { [$0] } ?? []), readers: readers) { back in
    let both = Storage(count: 2 * columns)
    back.addNormGradient(residual: isSum, readers) { dx, dy, residual in
      layerNormBackward(
        dx, dwdb: both.mutableBuffer, dy, source.buffer, weight0.buffer, bias0.buffer, statistics: statistics.buffer,
        residual: residual)
      back.add(Tensor(storage: both, shape: [columns]), to: 0)
      back.add(Tensor(storage: both, offset: columns, shape: [columns]), to: biasInput)
    }
  }
}
