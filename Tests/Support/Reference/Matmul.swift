extension ReferenceArray {
  /// The last two axes swapped.
  package var transposed: ReferenceArray {
    precondition(rank >= 2, "no matrix of shape \(shape)")
    let swapped = shape.dropLast(2) + [shape[rank - 1], shape[rank - 2]]
    return ReferenceArray(Array(swapped)) { self[$0.dropLast(2) + [$0[$0.count - 1], $0[$0.count - 2]]] }
  }

  /// Matrix products of the last two axes, the leading ones broadcast: [..., M, K] · [..., K, N] -> [..., M, N].
  package static func matmul(_ a: ReferenceArray, _ b: ReferenceArray) -> ReferenceArray {
    let (m, k, n) = (a.shape[a.rank - 2], a.columns, b.columns)
    precondition(b.shape[b.rank - 2] == k, "no product of \(a.shape) and \(b.shape)")
    let batch = broadcastShape(a.shape.dropLast(2), b.shape.dropLast(2))
    let (left, right) = (a.broadcast(to: batch + [m, k]), b.broadcast(to: batch + [k, n]))
    var result = zeros(batch + [m, n])
    for i in 0..<batch.reduce(1, *) {
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            sum += left.values[(i * m + row) * k + inner] * right.values[(i * k + inner) * n + column]
          }
          result.values[(i * m + row) * n + column] = sum
        }
      }
    }
    return result
  }

  /// The rounding-error bound of each element of a float product of `a` and `b`: 2 √K · 6e-8 · |a| |b|.
  package static func matmulBounds(_ a: ReferenceArray, _ b: ReferenceArray) -> [Double] {
    matmul(a.map(abs), b.map(abs)).values.map { summationBound(terms: a.columns, magnitude: $0) }
  }
}

extension Twin {
  /// op(a) · op(b), where op swaps the last two axes when asked to.
  package static func matmul(transposeA: Bool = false, transposeB: Bool = false) -> Twin {
    Twin(
      value: { .matmul(transposeA ? $0[0].transposed : $0[0], transposeB ? $0[1].transposed : $0[1]) },
      pullback: { inputs, upstream in
        let a = transposeA ? inputs[0].transposed : inputs[0]
        let b = transposeB ? inputs[1].transposed : inputs[1]
        let toA = ReferenceArray.matmul(upstream, b.transposed).summed(to: a.shape)
        let toB = ReferenceArray.matmul(a.transposed, upstream).summed(to: b.shape)
        return [transposeA ? toA.transposed : toA, transposeB ? toB.transposed : toB]
      })
  }

  /// x · Wᵀ + bias for x [..., in], W [out, in] (or [in, out] when `inputMajor`, as GPT-2 stores it), and an optional
  /// bias [out].
  package static func linear(inputMajor: Bool = false) -> Twin {
    let product = matmul(transposeB: !inputMajor)
    return Twin(
      value: { inputs in
        let (x, weight) = (inputs[0], inputs[1])
        let outputs = inputMajor ? weight.shape[1] : weight.shape[0]
        let y = product.value(x.reshaped([x.rows, x.columns]), weight).reshaped(x.shape.dropLast() + [outputs])
        return inputs.count == 3 ? add.value(y, inputs[2]) : y
      },
      pullback: { inputs, upstream in
        let x = inputs[0]
        let rows = upstream.reshaped([upstream.rows, upstream.columns])
        let gradients = product.gradients(of: [x.reshaped([x.rows, x.columns]), inputs[1]], upstream: rows)
        let bias = inputs.dropFirst(2).map { rows.summed(to: $0.shape) }
        return [gradients[0].reshaped(x.shape), gradients[1]] + bias
      })
  }
}
