import Foundation

/// log Σ exp(row).
package func logSumExponentials(_ row: [Double]) -> Double {
  let largest = row.max()!
  guard largest.isFinite else { return largest }
  return largest + log(row.reduce(0) { $0 + exp($1 - largest) })
}

/// exp(row) / Σ exp(row).
package func softmaxOfRow(_ row: [Double]) -> [Double] {
  let largest = row.max()!
  let exponentials = row.map { exp($0 - largest) }
  let total = exponentials.reduce(0, +)
  return exponentials.map { $0 / total }
}

extension Twin {
  /// An operation on each row (the last axis); the pullback sees the row and its upstream gradient.
  private static func rowwise(
    _ function: @escaping @Sendable ([Double]) -> [Double],
    pullback: @escaping @Sendable (_ row: [Double], _ upstream: [Double]) -> [Double]
  ) -> Twin {
    Twin(
      value: { ReferenceArray($0[0].shape, $0[0].splitRows.flatMap(function)) },
      pullback: { inputs, upstream in
        let rows = zip(inputs[0].splitRows, upstream.splitRows)
        return [ReferenceArray(inputs[0].shape, rows.flatMap(pullback))]
      })
  }

  /// Over the last axis: p = exp(x) / Σ exp(x), dx = p (u − Σ p u).
  package static let softmax = rowwise(softmaxOfRow) { row, upstream in
    let p = softmaxOfRow(row)
    let mean = zip(p, upstream).reduce(0) { $0 + $1.0 * $1.1 }
    return zip(p, upstream).map { $0 * ($1 - mean) }
  }

  /// Over the last axis: x − log Σ exp(x), dx = u − p Σ u.
  package static let logSoftmax = rowwise(
    { row in
      let total = logSumExponentials(row)
      return row.map { $0 - total }
    },
    pullback: { row, upstream in
      let total = upstream.reduce(0, +)
      return zip(softmaxOfRow(row), upstream).map { $1 - $0 * total }
    })
}

extension ReferenceArray {
  /// The rows along the last axis.
  package var splitRows: [[Double]] {
    (0..<rows).map { Array(values[$0 * columns..<($0 + 1) * columns]) }
  }
}
