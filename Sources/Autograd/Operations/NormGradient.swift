import Kernels

extension Backpropagation {
  /// What the pullbacks of the norms share: where the gradient of the input goes.
  ///
  /// Input 1 is x and, for a norm that first adds a residual, input 2 is what was added; output 0 is the normalised
  /// tensor and output 1 the sum. `backward(dx, dy, residual)` writes the norm's own gradient and what `residual` says to dx,
  /// and turns dy into the recomputed normalised tensor, which `readers` wait for. The sum's gradient is overwritten in place
  /// when nobody else holds it, as is dy.
  func addNormGradient(
    residual: Bool, _ readers: PendingReaders, _ backward: (MutableBuffer, MutableBuffer, ResidualGradient) -> Void
  ) {
    var carry = residual ? takeGradient(1) : nil
    guard var dy = takeGradient(0) else {
      for input in 1...2 { add(carry!, to: input) }
      return
    }
    defer { readers.pass(dy) }
    guard residual else {
      // With x not wanted the weights' gradients still are.
      if isWanted(1) {
        let dy = dy.mutableBuffer
        accumulate(into: 1) { dx, accumulates in backward(dx, dy, accumulates ? .inPlace : .zero) }
      } else {
        var unwanted = Tensor(uninitialized: dy.shape)
        backward(unwanted.mutableBuffer, dy.mutableBuffer, .zero)
      }
      return
    }
    var dx: Tensor
    if carry != nil, isKnownUniquelyReferenced(&carry!.storage) {
      dx = carry!
      carry = nil
      backward(dx.mutableBuffer, dy.mutableBuffer, .inPlace)
    } else {
      dx = Tensor(uninitialized: dy.shape)
      backward(dx.mutableBuffer, dy.mutableBuffer, carry.map { .carried($0.buffer) } ?? .zero)
    }
    add(dx, to: 1)
    add(dx, to: 2)
  }
}
