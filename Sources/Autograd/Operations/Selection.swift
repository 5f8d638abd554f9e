import Kernels

/// x where the mask is not zero, else y (NumPy's `where`); all three are broadcast. What is not selected has no influence,
/// whatever it is, and the gradient zero.
public func select(where mask: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor {
  guard let pair = x.shape.broadcast(with: y.shape), let shape = pair.broadcast(with: mask.shape) else {
    preconditionFailure("select: mask \(mask.shape), \(x.shape) and \(y.shape) do not broadcast")
  }
  let (mask, x, y) = (mask.detached().broadcast(to: shape), x.broadcast(to: shape), y.broadcast(to: shape))
  var z = Tensor(uninitialized: shape)
  Kernels.select(z.mutableBuffer, mask: mask.buffer, x.buffer, y.buffer)
  return .record("select", [x, y], output: z) { back in
    for (input, isFirst) in [(0, true), (1, false)] where back.isWanted(input) {
      var gradient = Tensor(uninitialized: shape)
      selectBackward(gradient.mutableBuffer, mask: mask.buffer, back.gradient.buffer, isFirst: isFirst)
      back.add(gradient, to: input)
    }
  }
}

/// x where the mask is true, else y; the mask has the shape that x and y broadcast to.
public func select(where mask: [Bool], _ x: Tensor, _ y: Tensor) -> Tensor {
  guard let shape = x.shape.broadcast(with: y.shape) else {
    preconditionFailure("select: \(x.shape) and \(y.shape) do not broadcast")
  }
  return select(where: Tensor(mask.map { $0 ? 1 : 0 }, shape: shape), x, y)
}
