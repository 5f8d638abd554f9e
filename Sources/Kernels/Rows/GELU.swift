// No two buffers may overlap: the loops would not vectorise.

/// GeGLU (Shazeer 2020) with GELU in its tanh form: out = gelu(gate) up, where gate and up projections lie beside each other:
/// x[row] = [gate | up], `width` hidden channels each.
package func geGLUForward(_ out: MutableBuffer, _ x: Buffer, width: Int) {
  let rows = out.count / max(1, width)
  Profile.begin("GeGLU forward", floats: 3 * rows * width)
  defer { Profile.end() }
  let (out, x) = (out.pointer, x.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: width)) { range in
    for row in range {
      let gate = x + row * 2 * width
      let up = gate + width
      let out = out + row * width
      prefetch(gate + 2 * width, 2 * width)
      for j in 0..<width { out[j] = gate[j] * tanhGate(gate[j]) * up[j] }
    }
  }
}

/// x becomes its gradient and dy the recomputed output: with s = (1 + tanh u) / 2, d gate = dy up (s + gate s (1 - s) 2 u'),
/// d up = dy gate s.
package func geGLUBackward(_ x: MutableBuffer, _ dy: MutableBuffer, width: Int) {
  let rows = dy.count / max(1, width)
  Profile.begin("GeGLU backward", floats: 6 * rows * width)
  defer { Profile.end() }
  let (x, dy) = (x.pointer, dy.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: width)) { range in
    for row in range {
      let gate = x + row * 2 * width
      let up = gate + width
      let dy = dy + row * width
      prefetch(gate + 2 * width, 2 * width)
      prefetch(dy + width, width)
      for j in 0..<width {
        let g = gate[j]
        let u = up[j]
        let d = dy[j]
        let s = tanhGate(g)
        gate[j] = d * u * s.addingProduct(g * s * (1 - s), tanhGateSlope(g))
        up[j] = d * g * s
        dy[j] = g * s * u
      }
    }
  }
}

/// GELU (Hendrycks and Gimpel 2016) as it is defined: out = x (1 + erf(x / sqrt 2)) / 2.
package func exactGELUForward(_ out: MutableBuffer, _ x: Buffer) {
  let (out, n, x) = (out.pointer, x.count, x.pointer)
  Profile.begin("exact GELU forward", floats: 2 * n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range { out[i] = x[i] * normalProbability(x[i]) }
  }
}

/// x becomes its gradient and dy the recomputed output: with the normal distribution's probability P and density p, dx = dy (P + x p).
package func exactGELUBackward(_ x: MutableBuffer, _ dy: MutableBuffer) {
  let (n, x, dy) = (x.count, x.pointer, dy.pointer)
  Profile.begin("exact GELU backward", floats: 4 * n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range {
      let v = x[i]
      let probability = normalProbability(v)
      let density = peakDensity * exponential(-0.5 * v * v)
      x[i] = dy[i] * probability.addingProduct(v, density)
      dy[i] = v * probability
    }
  }
}

private let rootTwoOverPi: Float = 0.7978845608
/// The normal distribution's density at 0.
private let peakDensity: Float = 0.3989422804
private let cubic: Float = 0.044715

/// (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3): the logistic function of 2 u, which keeps its precision where u is
/// very negative.
@inline(__always)
private func tanhGate(_ x: Float) -> Float {
  logistic(2 * rootTwoOverPi * x * Float(1).addingProduct(cubic, x * x))
}

/// 2 u'.
@inline(__always)
private func tanhGateSlope(_ x: Float) -> Float {
  2 * rootTwoOverPi * Float(1).addingProduct(3 * cubic, x * x)
}

/// (1 + erf(x / sqrt 2)) / 2.
@inline(__always)
private func normalProbability(_ x: Float) -> Float {
  0.5 * (1 + errorFunction(x * 0.70710678118))
}
