// Legend: `rows` tokens, `columns` channels. Root mean square normalisation (Zhang and Sennrich 2019):
//   y = x r w,  r = 1 / sqrt(mean(x^2) + eps)

/// y = (x + delta) r w; x + delta is stored to `sum` and r of each row to `inverse`. Without `delta`, `sum` is not written.
package func rmsNormForward(
  _ y: MutableBuffer, sum: MutableBuffer?, inverse: MutableBuffer, _ x: Buffer, delta: Buffer?, _ w: Buffer,
  epsilon: Float
) {
  let (columns, rows) = (w.count, inverse.count)
  Profile.begin("RMSNorm forward", floats: (delta == nil ? 2 : 4) * rows * columns)
  defer { Profile.end() }
  let (y, sum, inverse) = (y.pointer, sum?.pointer, inverse.pointer)
  let (x, delta, w) = (x.pointer, delta?.pointer, w.pointer)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let source = added(x, delta: delta, sum: sum, offset: row * columns, columns)
      let target = y + row * columns
      let r = 1 / (dot(source, source, columns) / Float(columns) + epsilon).squareRoot()
      inverse[row] = r
      normalize(target, source, r, w, columns)
    }
  }
}

/// y = x r w for a row.
@inline(__always)
private func normalize(
  _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ r: Float, _ w: UnsafePointer<Float>, _ columns: Int
) {
  for j in 0..<columns { y[j] = x[j] * r * w[j] }
}

/// dx = r (dy w - x r^2 mean(dy w x)) + what `residual` says, dw = sum over rows of dy x r; dy becomes the recomputed y.
package func rmsNormBackward(
  _ dx: MutableBuffer, dw: MutableBuffer, _ dy: MutableBuffer, _ x: Buffer, _ w: Buffer, inverse: Buffer,
  residual: ResidualGradient
) {
  let (columns, rows) = (w.count, inverse.count)
  Profile.begin("RMSNorm backward", floats: (residual.isZero ? 4 : 5) * rows * columns)
  defer { Profile.end() }
  let (dx, dy, x, w, inverse) = (dx.pointer, dy.pointer, x.pointer, w.pointer, inverse.pointer)
  let (carry, accumulatesX) = (residual.carry?.pointer, residual.isInPlace)
  sumOverRowPieces(dw.pointer, rows: rows, columns: columns, accumulate: false) { range, dw in
    for row in range {
      let dy = dy + row * columns
      let x = x + row * columns
      let dx = dx + row * columns
      let r = inverse[row]
      let projection = tripleDot(dy, w, x, columns) * r * r * r / Float(columns)
      for j in 0..<columns { dw[j] = dw[j].addingProduct(dy[j] * r, x[j]) }
      if let carry = carry.map({ $0 + row * columns }) {
        for j in 0..<columns { dx[j] = carry[j].addingProduct(dy[j] * w[j], r).addingProduct(-projection, x[j]) }
      } else if accumulatesX {
        for j in 0..<columns { dx[j] = dx[j].addingProduct(dy[j] * w[j], r).addingProduct(-projection, x[j]) }
      } else {
        for j in 0..<columns { dx[j] = (dy[j] * w[j] * r).addingProduct(-projection, x[j]) }
      }
      normalize(dy, x, r, w, columns)
    }
  }
}
