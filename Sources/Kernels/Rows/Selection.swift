// Elements of one tensor or another. No two buffers may be the same: the loops would not vectorise.

/// out = x where the mask is not zero, else y.
package func select(_ out: MutableBuffer, mask: Buffer, _ x: Buffer, _ y: Buffer) {
  let (out, n, mask, x, y) = (out.pointer, x.count, mask.pointer, x.pointer, y.pointer)
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { out[i] = mask[i] != 0 ? x[i] : y[i] }
  }
}

/// dx = dy where the mask is not zero and 0 elsewhere; the other way round for the second operand.
package func selectBackward(_ dx: MutableBuffer, mask: Buffer, _ dy: Buffer, isFirst: Bool) {
  let (dx, n, mask, dy) = (dx.pointer, dy.count, mask.pointer, dy.pointer)
  Parallel.forRanges(n, grain: 32768) { range in
    for i in range { dx[i] = (mask[i] != 0) == isFirst ? dy[i] : 0 }
  }
}
