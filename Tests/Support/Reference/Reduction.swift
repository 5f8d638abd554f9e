import Foundation

extension Twin {
  /// A reduction over `axes` (all when empty) of the elements of each group.
  ///
  /// `derivatives` gives, for the values of one group, the derivative of the result with respect to each of them.
  private static func reduction(
    _ axes: [Int], _ keepsDimensions: Bool, _ function: @escaping @Sendable ([Double]) -> Double,
    derivatives: @escaping @Sendable ([Double]) -> [Double]
  ) -> Twin {
    Twin(
      value: { inputs in
        let groups = Groups(inputs[0].shape, axes, keepsDimensions)
        let results = groups.members.map { offsets in function(offsets.map { inputs[0].values[$0] }) }
        return ReferenceArray(groups.resultShape, results)
      },
      pullback: { inputs, upstream in
        let groups = Groups(inputs[0].shape, axes, keepsDimensions)
        var gradient = ReferenceArray.zeros(inputs[0].shape)
        for (group, offsets) in groups.members.enumerated() {
          for (offset, slope) in zip(offsets, derivatives(offsets.map { inputs[0].values[$0] })) {
            gradient.values[offset] = upstream.values[group] * slope
          }
        }
        return [gradient]
      })
  }

  package static func sum(axes: [Int] = [], keepsDimensions: Bool = false) -> Twin {
    reduction(axes, keepsDimensions, { $0.reduce(0, +) }, derivatives: { $0.map { _ in 1 } })
  }

  package static func mean(axes: [Int] = [], keepsDimensions: Bool = false) -> Twin {
    reduction(
      axes, keepsDimensions, { $0.reduce(0, +) / Double($0.count) },
      derivatives: { group in group.map { _ in 1 / Double(group.count) } })
  }

  /// The largest value; its gradient goes to the first of equal ones.
  package static func maximum(axes: [Int] = [], keepsDimensions: Bool = false) -> Twin {
    reduction(
      axes, keepsDimensions, { $0.max()! },
      derivatives: { group in
        let first = group.firstIndex(of: group.max()!)
        return group.indices.map { $0 == first ? 1 : 0 }
      })
  }

  /// log Σ exp(x), with the largest value taken out first.
  package static func logSumExp(axes: [Int], keepsDimensions: Bool = false) -> Twin {
    reduction(axes, keepsDimensions, logSumExponentials, derivatives: softmaxOfRow)
  }
}

/// Which elements of an array are reduced together.
private struct Groups {
  let resultShape: [Int]
  /// For each element of the result the offsets of its terms.
  let members: [[Int]]

  init(_ shape: [Int], _ axes: [Int], _ keepsDimensions: Bool) {
    let reduced = Set(axes.isEmpty ? Array(shape.indices) : axes.map { $0 < 0 ? $0 + shape.count : $0 })
    let kept = shape.indices.map { reduced.contains($0) ? 1 : shape[$0] }
    let target = ReferenceArray.zeros(kept)
    var members = [[Int]](repeating: [], count: target.count)
    for (offset, index) in indices(of: shape).enumerated() {
      members[target.offset(of: index.indices.map { reduced.contains($0) ? 0 : index[$0] })].append(offset)
    }
    self.members = members
    resultShape = keepsDimensions ? kept : shape.indices.filter { !reduced.contains($0) }.map { shape[$0] }
  }
}
