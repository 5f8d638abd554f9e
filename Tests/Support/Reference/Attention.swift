extension Twin {
  /// Causal attention inside documents: a query at column t sees the columns from `documentStarts[b, t]` to t but for
  /// those of `hidden`.
  package static func attention(documentStarts: IntegerArray, hidden: [Range<Int>]? = nil) -> Twin {
    let length = documentStarts.shape[1]
    return attention(
      visible: documentStarts.values.enumerated().map { query, start in start..<query % length + 1 }, hidden: hidden)
  }

  /// Attention with grouped heads.
  ///
  /// Inputs q [B, T, H, D], k and v [B, T, G, D]; head h reads the keys and values of group h / (H / G). A query sees the
  /// columns of its row that are in `visible` but not in `hidden`, which have a range for each query, [B T]. Scores are
  /// divided by √D.
  package static func attention(visible: [Range<Int>], hidden: [Range<Int>]? = nil) -> Twin {
    Twin(
      value: { inputs in
        var output = ReferenceArray.zeros(inputs[0].shape)
        for query in queries(inputs, visible, hidden) {
          for (s, p) in zip(query.columns, query.probabilities) {
            for d in 0..<output.columns { output[query.index + [d]] += p * inputs[2][query.keyIndex(s) + [d]] }
          }
        }
        return output
      },
      pullback: { inputs, upstream in
        let (q, k, v) = (inputs[0], inputs[1], inputs[2])
        var (toQ, toK, toV) = (
          ReferenceArray.zeros(q.shape), ReferenceArray.zeros(k.shape), ReferenceArray.zeros(v.shape)
        )
        let scale = 1 / Double(q.columns).squareRoot()
        for query in queries(inputs, visible, hidden) {
          let toP = query.columns.map { s in
            (0..<q.columns).reduce(0) { $0 + upstream[query.index + [$1]] * v[query.keyIndex(s) + [$1]] }
          }
          let mean = zip(query.probabilities, toP).reduce(0) { $0 + $1.0 * $1.1 }
          for (i, s) in query.columns.enumerated() {
            let p = query.probabilities[i]
            let toScore = p * (toP[i] - mean) * scale
            for d in 0..<q.columns {
              let (at, key) = (query.index + [d], query.keyIndex(s) + [d])
              toV[key] += p * upstream[at]
              toQ[at] += toScore * k[key]
              toK[key] += toScore * q[at]
            }
          }
        }
        return [toQ, toK, toV]
      })
  }
}

/// One query of one head: what it sees, and how much of it.
private struct Query {
  let batch: Int
  let group: Int
  /// [b, t, h].
  let index: [Int]
  let columns: [Int]
  let probabilities: [Double]

  func keyIndex(_ column: Int) -> [Int] {
    [batch, column, group]
  }
}

private func queries(_ inputs: [ReferenceArray], _ visible: [Range<Int>], _ hidden: [Range<Int>]?) -> [Query] {
  let (q, k) = (inputs[0], inputs[1])
  let (length, heads, groups) = (q.shape[1], q.shape[2], k.shape[2])
  let scale = 1 / Double(q.columns).squareRoot()
  return indices(of: Array(q.shape.dropLast())).map { index in
    let (b, t, h) = (index[0], index[1], index[2])
    let group = h / (heads / groups)
    let columns = visible[b * length + t].filter { !(hidden?[b * length + t].contains($0) ?? false) }
    let scores = columns.map { s in
      (0..<q.columns).reduce(0.0) { $0 + q[b, t, h, $1] * k[b, s, group, $1] } * scale
    }
    return Query(batch: b, group: group, index: index, columns: columns, probabilities: softmaxOfRow(scores))
  }
}
