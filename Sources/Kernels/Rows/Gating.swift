// No two buffers may overlap: the loops would not vectorise.
// Legend: `rows` tokens, `width` hidden channels. Gate and up projections lie beside each other: x[row] = [gate | up].

/// SwiGLU (Shazeer 2020): out = silu(gate) up, silu(g) = g / (1 + e^-g).
package func swiGLUForward(_ out: MutableBuffer, _ x: Buffer, width: Int) {
  let rows = out.count / max(1, width)
  Profile.begin("SwiGLU forward", floats: 3 * rows * width)
  defer { Profile.end() }
  let (out, x) = (out.pointer, x.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: width)) { range in
    for row in range {
      let gate = x + row * 2 * width
      let up = gate + width
      let out = out + row * width
      prefetch(gate + 2 * width, 2 * width)
      for j in 0..<width { out[j] = gate[j] * logistic(gate[j]) * up[j] }
    }
  }
}

/// x becomes its gradient and dy the recomputed output: with s = 1 / (1 + e^-gate), d gate = dy up s (1 + gate (1 - s)),
/// d up = dy gate s.
package func swiGLUBackward(_ x: MutableBuffer, _ dy: MutableBuffer, width: Int) {
  let rows = dy.count / max(1, width)
  Profile.begin("SwiGLU backward", floats: 6 * rows * width)
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
        let s = logistic(g)
        gate[j] = d * u * s * Float(1).addingProduct(g, 1 - s)
        up[j] = d * g * s
        dy[j] = g * s * u
      }
    }
  }
}

private let rootTwoOverPi: Float = 0.7978845608
private let cubic: Float = 0.044715

/// GELU in its tanh form (Hendrycks and Gimpel 2016): out = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
package func geluForward(_ out: MutableBuffer, _ x: Buffer) {
  let (out, n, x) = (out.pointer, x.count, x.pointer)
  Profile.begin("GELU forward", floats: 2 * n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range {
      let v = x[i]
      // (1 + tanh u) / 2 is the logistic function of 2u, which keeps its precision where u is very negative.
      out[i] = v * logistic(2 * rootTwoOverPi * v * Float(1).addingProduct(cubic, v * v))
    }
  }
}

/// x becomes its gradient and dy the recomputed output: with s = (1 + tanh u) / 2, dx = dy (s + x s (1 - s) 2 u'),
/// u' = sqrt(2 / pi) (1 + 3 0.044715 x^2).
package func geluBackward(_ x: MutableBuffer, _ dy: MutableBuffer) {
  let (n, x, dy) = (x.count, x.pointer, dy.pointer)
  Profile.begin("GELU backward", floats: 4 * n)
  defer { Profile.end() }
  Parallel.forRanges(n, grain: 16384) { range in
    for i in range {
      let v = x[i]
      let s = logistic(2 * rootTwoOverPi * v * Float(1).addingProduct(cubic, v * v))
      let slope = 2 * rootTwoOverPi * Float(1).addingProduct(3 * cubic, v * v)
      x[i] = dy[i] * s.addingProduct(v * s * (1 - s), slope)
      dy[i] = v * s
    }
  }
}
