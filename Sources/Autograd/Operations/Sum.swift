import Kernels

extension Tensor {
  /// The sum over the given axes, all of them if none are given. Negative axes count from the end; with
  /// `keepingDimensions` the axes stay with length 1. dx = dy, repeated.
  public func sum(over axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let kept = shape.reduced(over: axes)
    let y = summed(to: kept).viewed(as: keepingDimensions ? kept : shape.dropping(axes))
    let full = shape
    return .record("sum", [self], output: y) { back in
      back.add(back.gradient.viewed(as: kept).broadcast(to: full), to: 0)
    }
  }

  /// The mean over the given axes, all of them if none are given: `sum` divided by how many elements were added.
  public func mean(over axes: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let count = Float(shape.count) / Float(Swift.max(1, shape.reduced(over: axes).count))
    return sum(over: axes, keepingDimensions: keepingDimensions) / count
  }
}

extension Shape {
  /// This shape with the given axes, or all, of length 1.
  func reduced(over axes: [Int]?) -> Shape {
    let axes = reducedAxes(axes)
    return Shape(dimensions.indices.map { axes.contains($0) ? 1 : dimensions[$0] })
  }

  /// This shape without the given axes, or without any.
  func dropping(_ axes: [Int]?) -> Shape {
    let axes = reducedAxes(axes)
    return Shape(dimensions.indices.filter { !axes.contains($0) }.map { dimensions[$0] })
  }

  /// The given axes counted from the front, all if none are given.
  func reducedAxes(_ axes: [Int]?) -> Set<Int> {
    guard let axes else { return Set(dimensions.indices) }
    let result = Set(axes.map(normalized))
    precondition(result.count == axes.count, "axes \(axes) of shape \(self) name one twice")
    return result
  }
}
