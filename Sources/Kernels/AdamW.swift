/// The numbers of one AdamW step that are the same for every parameter.
package struct AdamWStep: Sendable {
  package var learningRate: Float
  package var beta1: Float
  package var beta2: Float
  package var epsilon: Float
  /// 1 - beta1^t and 1 - beta2^t at step t.
  package var correction1: Float
  package var correction2: Float
  /// What every gradient is multiplied by: the clip factor.
  package var gradientScale: Float

  package init(
    learningRate: Float, beta1: Float, beta2: Float, epsilon: Float, correction1: Float, correction2: Float,
    gradientScale: Float
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.correction1 = correction1
    self.correction2 = correction2
    self.gradientScale = gradientScale
  }
}

/// One step of AdamW (Loshchilov and Hutter 2019) over n numbers, clipping and decay in the same pass:
///   g = scale gradient, m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
///   p = p (1 - rate decay) - rate (m / c1) / (sqrt(v / c2) + eps)
package func adamWUpdate(
  _ p: UnsafeMutablePointer<Float>, _ m: UnsafeMutablePointer<Float>, _ v: UnsafeMutablePointer<Float>,
  _ gradient: UnsafePointer<Float>, step: AdamWStep, decay: Float, _ n: Int
) {
  Profile.begin("AdamW", floats: 7 * n)
  defer { Profile.end() }
  let keep = 1 - step.learningRate * decay
  let size = step.learningRate / step.correction1
  let inverse = 1 / step.correction2.squareRoot()
  let (b1, b2, scale, epsilon) = (step.beta1, step.beta2, step.gradientScale, step.epsilon)
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range {
      let g = gradient[i] * scale
      let first = (b1 * m[i]).addingProduct(1 - b1, g)
      let second = (b2 * v[i]).addingProduct((1 - b2) * g, g)
      m[i] = first
      v[i] = second
      let denominator = epsilon.addingProduct(second.squareRoot(), inverse)
      p[i] = (p[i] * keep).addingProduct(-size, first / denominator)
    }
  }
}

/// The sum of squares of n numbers in Double, over fixed pieces.
package func squaredNorm(_ x: UnsafePointer<Float>, _ n: Int) -> Double {
  Profile.begin("gradient norm", floats: n)
  defer { Profile.end() }
  let grain = 16384
  let pieces = max(1, (n + grain - 1) / grain)
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: pieces) { partial in
    let partial = partial.baseAddress!
    Parallel.run(pieces) { piece, _ in
      let start = piece * grain
      partial[piece] = wideSumOfSquares(x + start, min(grain, n - start))
    }
    return (0..<pieces).reduce(0) { $0 + partial[$1] }
  }
}

/// The sum of n squares, each square and sum in Double: a gradient of 1e20 must not overflow the norm.
private func wideSumOfSquares(_ x: UnsafePointer<Float>, _ n: Int) -> Double {
  var lanes = SIMD16<Double>.zero
  var i = 0
  while i + 16 <= n {
    let wide = SIMD16<Double>(UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self))
    lanes.addProduct(wide, wide)
    i += 16
  }
  var total = lanes.sum()
  while i < n {
    total.addProduct(Double(x[i]), Double(x[i]))
    i += 1
  }
  return total
}
