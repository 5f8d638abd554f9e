// Legend: `rows` tokens, `columns` channels. Root mean square normalisation (Zhang and Sennrich 2019):
//   y = x r w,  r = 1 / sqrt(mean(x^2) + eps)

/// y = (x + delta) r w; x + delta is stored to `sum` and r to `inverse`. Without `delta`, `sum` is not written.
package func rmsNormForward(
  _ y: UnsafeMutablePointer<Float>, sum: UnsafeMutablePointer<Float>?, inverse: UnsafeMutablePointer<Float>,
  _ x: UnsafePointer<Float>, delta: UnsafePointer<Float>?, _ w: UnsafePointer<Float>, epsilon: Float, rows: Int,
  columns: Int
) {
  Profile.begin("RMSNorm forward", floats: (delta == nil ? 2 : 4) * rows * columns)
  defer { Profile.end() }
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

/// dx = r (dy w - x r^2 mean(dy w x)) + (carry or what dx holds), dw = sum over rows of dy x r; dy becomes y again.
///
/// `carry` is the gradient that reaches x beside the norm (the residual stream's own), added in the same pass.
package func rmsNormBackward(
  _ dx: UnsafeMutablePointer<Float>, dw: UnsafeMutablePointer<Float>, _ dy: UnsafeMutablePointer<Float>,
  _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, inverse: UnsafePointer<Float>, carry: UnsafePointer<Float>?,
  rows: Int, columns: Int, accumulateX: Bool
) {
  Profile.begin("RMSNorm backward", floats: (carry != nil || accumulateX ? 5 : 4) * rows * columns)
  defer { Profile.end() }
  sumOverRowPieces(dw, rows: rows, columns: columns, accumulate: false) { range, dw in
    for row in range {
      let dy = dy + row * columns
      let x = x + row * columns
      let dx = dx + row * columns
      let r = inverse[row]
      let projection = tripleDot(dy, w, x, columns) * r * r * r / Float(columns)
      for j in 0..<columns { dw[j] = dw[j].addingProduct(dy[j] * r, x[j]) }
      if let carry = carry.map({ $0 + row * columns }) {
        for j in 0..<columns { dx[j] = carry[j].addingProduct(dy[j] * w[j], r).addingProduct(-projection, x[j]) }
      } else if accumulateX {
        for j in 0..<columns { dx[j] = dx[j].addingProduct(dy[j] * w[j], r).addingProduct(-projection, x[j]) }
      } else {
        for j in 0..<columns { dx[j] = (dy[j] * w[j] * r).addingProduct(-projection, x[j]) }
      }
      normalize(dy, x, r, w, columns)
    }
  }
}
