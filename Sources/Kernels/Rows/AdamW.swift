import Numerics

/// The numbers of one AdamW step that are the same for every parameter.
package struct AdamWStep: Sendable {
  package var learningRate: Float
  /// How much stays of the two moments, and how much of the gradient and its square comes in: 1 - beta, which has not the bits
  /// of beta when both are rounded.
  private(set) var kept: (first: Float, second: Float)
  private(set) var added: (first: Float, second: Float)
  package var epsilon: Float
  /// 1 - beta1^t and 1 - beta2^t at step t.
  package var correction1: Float
  package var correction2: Float
  /// What every gradient is multiplied by: the clip factor.
  package var gradientScale: Float

  package init(
    learningRate: Float, beta1: Double, beta2: Double, epsilon: Float, correction1: Float, correction2: Float,
    gradientScale: Float
  ) {
    self.learningRate = learningRate
    kept = (Float(beta1), Float(beta2))
    added = (Float(1 - beta1), Float(1 - beta2))
    self.epsilon = epsilon
    self.correction1 = correction1
    self.correction2 = correction2
    self.gradientScale = gradientScale
  }
}

/// One step of AdamW (Loshchilov and Hutter 2019), clipping and decay in the same pass:
///   g = scale gradient, m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
///   p = p (1 - rate decay) - rate (m / c1) / (sqrt(v / c2) + eps)
package func adamWUpdate(
  _ p: MutableBuffer, _ m: MutableBuffer, _ v: MutableBuffer, _ gradient: Buffer, step: AdamWStep, decay: Float
) {
  Profile.begin("AdamW", floats: 7 * p.count)
  defer { Profile.end() }
  update(p, m.pointer, v.pointer, gradient, step: step, decay: decay, seed: 0)
}

/// The same with moments of half the size. They are rounded stochastically after they have been used, with random bits that are a
/// function of `seed` and the index, counted from `first`.
package func adamWUpdate(
  _ p: MutableBuffer, _ m: BFloat16Array, _ v: BFloat16Array, _ gradient: Buffer, step: AdamWStep, decay: Float,
  seed: UInt64, from first: Int = 0
) {
  Profile.begin("AdamW", floats: 5 * p.count)
  defer { Profile.end() }
  update(p, m.pointer, v.pointer, gradient, step: step, decay: decay, seed: seed, from: first)
}

@inline(__always)
private func update<Element: MomentElement>(
  _ p: MutableBuffer, _ m: UnsafeMutablePointer<Element>, _ v: UnsafeMutablePointer<Element>, _ gradient: Buffer,
  step: AdamWStep, decay: Float, seed: UInt64, from start: Int = 0
) {
  let (n, p, gradient) = (p.count, p.pointer, gradient.pointer)
  let keep = 1 - step.learningRate * decay
  let size = step.learningRate / step.correction1
  let inverse = 1 / step.correction2.squareRoot()
  let (kept, added, scale, epsilon) = (step.kept, step.added, step.gradientScale, step.epsilon)
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range {
      let g = gradient[i] * scale
      let first = (kept.first * m[i].value).addingProduct(added.first, g)
      let second = (kept.second * v[i].value).addingProduct(added.second * g, g)
      let random = randomBits(seed: seed, start + i)
      m[i] = Element(first, randomBits: random)
      v[i] = Element(second, randomBits: random &>> 16)
      let denominator = epsilon.addingProduct(second.squareRoot(), inverse)
      p[i] = (p[i] * keep).addingProduct(-size, first / denominator)
    }
  }
}
