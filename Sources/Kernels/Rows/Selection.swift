// Elements of one tensor or another. No two buffers may be the same: the loops would not vectorise.

/// out = x where the mask is not zero, else y.
package func select(
  _ out: UnsafeMutablePointer<Float>, mask: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  _ y: UnsafePointer<Float>, _ n: Int
) {
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { out[i] = mask[i] != 0 ? x[i] : y[i] }
  }
}

/// dx = dy where the mask is not zero and 0 elsewhere; the other way round for the second operand.
package func selectBackward(
  _ dx: UnsafeMutablePointer<Float>, mask: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, isFirst: Bool, _ n: Int
) {
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { dx[i] = (mask[i] != 0) == isFirst ? dy[i] : 0 }
  }
}
