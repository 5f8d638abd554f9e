// Legend: `rows` tokens, `columns` channels. Layer normalisation (Ba, Kiros and Hinton 2016):
//   y = (x - mean) r w + b,  r = 1 / sqrt(var(x) + eps) with the biased variance

/// y = ((x + delta) - mean) r w + b; x + delta is stored to `sum`. Without `delta`, `sum` is not written. `statistics` [2, rows]
/// receives the mean and then r of each row.
package func layerNormForward(
  _ y: MutableBuffer, sum: MutableBuffer?, statistics: MutableBuffer, _ x: Buffer, delta: Buffer?, _ w: Buffer,
  _ b: Buffer, epsilon: Float
) {
  let (columns, rows) = (w.count, statistics.count / 2)
  Profile.begin("LayerNorm forward", floats: (delta == nil ? 2 : 4) * rows * columns)
  defer { Profile.end() }
  let (y, sum, x, delta) = (y.pointer, sum?.pointer, x.pointer, delta?.pointer)
  let (w, b, mean, inverse) = (w.pointer, b.pointer, statistics.pointer, statistics.pointer + rows)
  Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
    for row in range {
      let source = added(x, delta: delta, sum: sum, offset: row * columns, columns)
      let target = y + row * columns
      let m = Kernels.sum(source, columns) / Float(columns)
      let r = 1 / (sumOfSquaredDeviations(source, m, columns) / Float(columns) + epsilon).squareRoot()
      mean[row] = m
      inverse[row] = r
      normalize(target, source, m, r, w, b, columns)
    }
  }
}

/// y = (x - mean) r w + b for a row.
@inline(__always)
private func normalize(
  _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ mean: Float, _ r: Float, _ w: UnsafePointer<Float>,
  _ b: UnsafePointer<Float>, _ columns: Int
) {
  for j in 0..<columns { y[j] = b[j].addingProduct((x[j] - mean) * r, w[j]) }
}

/// With h = (x - mean) r and g = dy w: dx = r (g - mean(g) - h mean(g h)) + what `residual` says, dw = sum over rows of dy h,
/// db = sum over rows of dy; dy becomes the recomputed y. `dwdb` [2, columns] receives dw and then db.
package func layerNormBackward(
  _ dx: MutableBuffer, dwdb: MutableBuffer, _ dy: MutableBuffer, _ x: Buffer, _ w: Buffer, _ b: Buffer,
  statistics: Buffer, residual: ResidualGradient
) {
  let (columns, rows) = (w.count, statistics.count / 2)
  Profile.begin("LayerNorm backward", floats: (residual.isZero ? 4 : 5) * rows * columns)
  defer { Profile.end() }
  let (dx, dy, x, w, b) = (dx.pointer, dy.pointer, x.pointer, w.pointer, b.pointer)
  let (mean, inverse) = (statistics.pointer, statistics.pointer + rows)
  let (carry, accumulatesX) = (residual.carry?.pointer, residual.isInPlace)
  sumOverRowPieces(dwdb.pointer, rows: rows, columns: 2 * columns, accumulate: false) { range, dw in
    let db = dw + columns
    for row in range {
      let dy = dy + row * columns
      let x = x + row * columns
      let dx = dx + row * columns
      let r = inverse[row]
      let m = mean[row]
      let meanG = dot(dy, w, columns) / Float(columns)
      let meanGH = (tripleDot(dy, w, x, columns) / Float(columns) - meanG * m) * r
      for j in 0..<columns {
        dw[j] = dw[j].addingProduct(dy[j], (x[j] - m) * r)
        db[j] += dy[j]
      }
      if let carry = carry.map({ $0 + row * columns }) {
        for j in 0..<columns {
          dx[j] = carry[j].addingProduct((dy[j] * w[j] - meanG).addingProduct(-meanGH, (x[j] - m) * r), r)
        }
      } else if accumulatesX {
        for j in 0..<columns {
          dx[j] = dx[j].addingProduct((dy[j] * w[j] - meanG).addingProduct(-meanGH, (x[j] - m) * r), r)
        }
      } else {
        for j in 0..<columns { dx[j] = (dy[j] * w[j] - meanG).addingProduct(-meanGH, (x[j] - m) * r) * r }
      }
      normalize(dy, x, m, r, w, b, columns)
    }
  }
}
