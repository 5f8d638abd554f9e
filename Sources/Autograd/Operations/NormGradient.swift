extension Backpropagation {
  /// What the pullbacks of the norms share: where the gradient of the input goes.
  ///
  /// Input 1 is x and, for a norm that first adds a residual, input 2 is what was added; output 0 is the normalised
  /// tensor and output 1 the sum. `backward(dx, dy, carry, accumulates)` writes carry + the norm's own gradient to dx, or
  /// adds the latter to what dx holds, and turns dy into the normalised tensor again, which `readers` wait for. The sum's
  /// gradient is written over in place when nobody else holds it, as is dy.
  func addNormGradient(
    residual: Bool, _ readers: Readers,
    _ backward: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafePointer<Float>?, Bool) -> Void
  ) {
    var carry = residual ? takeGradient(1) : nil
    guard var dy = takeGradient(0) else {
      for input in 1...2 { add(carry!, to: input) }
      return
    }
    dy.makeUnique()
    defer { readers.pass(dy) }
    guard residual else {
      // With x not wanted the weights' gradients still are.
      if isWanted(1) {
        accumulate(into: 1) { dx, accumulates in backward(dx, dy.pointer, nil, accumulates) }
      } else {
        let unwanted = Tensor(uninitialized: dy.shape)
        withExtendedLifetime(unwanted) { backward(unwanted.pointer, dy.pointer, nil, false) }
      }
      return
    }
    let isOwn = carry != nil && isKnownUniquelyReferenced(&carry!.storage)
    let dx = isOwn ? carry! : Tensor(uninitialized: dy.shape)
    backward(dx.pointer, dy.pointer, isOwn ? nil : carry.map { UnsafePointer($0.pointer) }, isOwn)
    add(dx, to: 1)
    add(dx, to: 2)
  }
}
