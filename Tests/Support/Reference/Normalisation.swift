extension Twin {
  /// y = x / √(mean(x²) + ε) · weight over the last axis; inputs x [..., C] and weight [C].
  package static func rmsNorm(epsilon: Double) -> Twin {
    @Sendable func inverse(_ row: [Double]) -> Double {
      1 / (row.reduce(0) { $0 + $1 * $1 } / Double(row.count) + epsilon).squareRoot()
    }
    return Twin(
      value: { inputs in
        let rows = inputs[0].splitRows.flatMap { row in
          zip(row, inputs[1].values).map { $0 * inverse(row) * $1 }
        }
        return ReferenceArray(inputs[0].shape, rows)
      },
      pullback: { inputs, upstream in
        let weight = inputs[1].values
        var toX: [Double] = []
        var toWeight = ReferenceArray.zeros(inputs[1].shape)
        for (row, u) in zip(inputs[0].splitRows, upstream.splitRows) {
          let r = inverse(row)
          // With g = u · weight: dx = r (g − x r² mean(g x)).
          let mean = row.indices.reduce(0) { $0 + u[$1] * weight[$1] * row[$1] } / Double(row.count)
          toX += row.indices.map { r * (u[$0] * weight[$0] - row[$0] * r * r * mean) }
          for i in row.indices { toWeight.values[i] += u[i] * row[i] * r }
        }
        return [ReferenceArray(inputs[0].shape, toX), toWeight]
      })
  }

  /// y = (x − mean) / √(variance + ε) · weight + bias over the last axis; inputs x [..., C], weight [C] and bias [C].
  package static func layerNorm(epsilon: Double) -> Twin {
    @Sendable func standardised(_ row: [Double]) -> (values: [Double], inverse: Double) {
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      let inverse = 1 / (variance + epsilon).squareRoot()
      return (row.map { ($0 - mean) * inverse }, inverse)
    }
    return Twin(
      value: { inputs in
        let rows = inputs[0].splitRows.flatMap { row in
          let z = standardised(row).values
          return z.indices.map { z[$0] * inputs[1].values[$0] + inputs[2].values[$0] }
        }
        return ReferenceArray(inputs[0].shape, rows)
      },
      pullback: { inputs, upstream in
        let count = Double(inputs[0].columns)
        var toX: [Double] = []
        var toWeight = ReferenceArray.zeros(inputs[1].shape)
        var toBias = ReferenceArray.zeros(inputs[2].shape)
        for (row, u) in zip(inputs[0].splitRows, upstream.splitRows) {
          let (z, inverse) = standardised(row)
          // With g = u · weight: dx = (g − mean(g) − z mean(g z)) / √(variance + ε).
          let g = zip(u, inputs[1].values).map(*)
          let mean = g.reduce(0, +) / count
          let along = zip(g, z).reduce(0) { $0 + $1.0 * $1.1 } / count
          toX += zip(g, z).map { ($0 - mean - $1 * along) * inverse }
          for i in row.indices {
            toWeight.values[i] += u[i] * z[i]
            toBias.values[i] += u[i]
          }
        }
        return [ReferenceArray(inputs[0].shape, toX), toWeight, toBias]
      })
  }
}
