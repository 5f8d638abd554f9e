// Root mean square normalisation of queries and keys where they lie beside each other (Dehghani et al. 2023, "Scaling vision
// transformers to 22 billion parameters"; Qwen3, OLMo 2 and Gemma 3). A row of `columns` numbers holds groups that are normalised, one
// after the other from its beginning, and then values that stay as they are:
//   y = x r w,  r = 1 / sqrt(mean(x^2) + eps) of each group

/// Groups of `width` numbers that share one weight of that width.
package struct NormGroups: Sendable {
  package let count: Int
  package let width: Int

  package init(count: Int, width: Int) { (self.count, self.width) = (count, width) }
}

/// y from x, and r of each group of each row, [rows, all groups].
package func headNormForward(
  _ y: MutableMatrix, inverse: MutableBuffer, _ x: Matrix, _ groups: [(NormGroups, weight: Buffer)], epsilon: Float
) {
  let (y, x, inverse, count) = (y.raw, x.raw, inverse.pointer, groups.reduce(0) { $0 + $1.0.count })
  let normalized = groups.reduce(0) { $0 + $1.0.count * $1.0.width }
  Profile.begin("head norm forward", floats: 2 * x.rows * x.columns)
  defer { Profile.end() }
  let weights = groups.map { ($0.0, $0.weight.pointer) }
  Parallel.forRanges(x.rows, grain: Parallel.rowGrain(columns: x.columns)) { range in
    for row in range {
      var (column, group) = (0, row * count)
      for (groups, w) in weights {
        for _ in 0..<groups.count {
          let (x, y, width) = (x.at(row, column), y.at(row, column), groups.width)
          let r = 1 / (dot(x, x, width) / Float(width) + epsilon).squareRoot()
          inverse[group] = r
          for j in 0..<width { y[j] = x[j] * r * w[j] }
          (column, group) = (column + width, group + 1)
        }
      }
      y.at(row, normalized).update(from: x.at(row, normalized), count: x.columns - normalized)
    }
  }
}

/// dx = r (dy w - x r^2 mean(dy w x)) in each group, dw = the sum over rows and groups of dy x r: those of all weights one after
/// the other.
package func headNormBackward(
  _ dx: MutableMatrix, dw: MutableBuffer, _ dy: Matrix, _ x: Matrix, inverse: Buffer,
  _ groups: [(NormGroups, weight: Buffer)]
) {
  let (dx, dy, x, inverse) = (dx.raw, dy.raw, x.raw, inverse.pointer)
  let count = groups.reduce(0) { $0 + $1.0.count }
  let normalized = groups.reduce(0) { $0 + $1.0.count * $1.0.width }
  Profile.begin("head norm backward", floats: 3 * x.rows * x.columns)
  defer { Profile.end() }
  let weights = groups.map { ($0.0, $0.weight.pointer) }
  sumOverRowPieces(dw.pointer, rows: x.rows, columns: dw.count, accumulate: false) { range, sums in
    for row in range {
      var (column, group, dw) = (0, row * count, sums)
      for (groups, w) in weights {
        let width = groups.width
        for _ in 0..<groups.count {
          let (dx, dy, x, r) = (dx.at(row, column), dy.at(row, column), x.at(row, column), inverse[group])
          let projection = tripleDot(dy, w, x, width) * r * r * r / Float(width)
          for j in 0..<width { dw[j] = dw[j].addingProduct(dy[j] * r, x[j]) }
          for j in 0..<width { dx[j] = (dy[j] * w[j] * r).addingProduct(-projection, x[j]) }
          (column, group) = (column + width, group + 1)
        }
        dw += width
      }
      dx.at(row, normalized).update(from: dy.at(row, normalized), count: x.columns - normalized)
    }
  }
}
