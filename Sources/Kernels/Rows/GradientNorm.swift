/// The sum of the squares of x in Double, over fixed pieces.
package func squaredNorm(_ x: Buffer) -> Double {
  let (n, x) = (x.count, x.pointer)
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
