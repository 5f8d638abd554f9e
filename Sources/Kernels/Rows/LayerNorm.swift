// Legend: `rows` tokens, `columns` channels. Layer normalisation (Ba, Kiros and Hinton 2016):
//   y = (x - mean) r w + b,  r = 1 / sqrt(var(x) + eps) with the biased variance

/// y = ((x + delta) - mean) r w + b; x + delta is stored to `sum`, and mean and r of each row to `mean` and `inverse`.
package func layerNormForward(
  _ y: UnsafeMutablePointer<Float>, sum: UnsafeMutablePointer<Float>?, mean: UnsafeMutablePointer<Float>,
  inverse: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, delta: UnsafePointer<Float>?,
  _ w: UnsafePointer<Float>, _ b: UnsafePointer<Float>, epsilon: Float, rows: Int, columns: Int
) {
  Profile.begin("LayerNorm forward", floats: (delta == nil ? 2 : 4) * rows * columns)
  defer { Profile.end() }
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

/// With h = (x - mean) r and g = dy w: dx = r (g - mean(g) - h mean(g h)) + (carry or what dx holds),
/// dw = sum over rows of dy h, db = sum over rows of dy; dy becomes y again. `dwdb` holds dw and then db.
package func layerNormBackward(
  _ dx: UnsafeMutablePointer<Float>, dwdb: UnsafeMutablePointer<Float>, _ dy: UnsafeMutablePointer<Float>,
  _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ b: UnsafePointer<Float>, mean: UnsafePointer<Float>,
  inverse: UnsafePointer<Float>, carry: UnsafePointer<Float>?, rows: Int, columns: Int, accumulateX: Bool
) {
  Profile.begin("LayerNorm backward", floats: (carry != nil || accumulateX ? 5 : 4) * rows * columns)
  defer { Profile.end() }
  sumOverRowPieces(dwdb, rows: rows, columns: 2 * columns, accumulate: false) { range, dw in
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
      } else if accumulateX {
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
