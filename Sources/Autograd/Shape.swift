/// The lengths of a tensor's axes, outermost first.
public struct Shape: Equatable, Hashable, Sendable, ExpressibleByArrayLiteral {
  /// The length of each axis.
  public let dimensions: [Int]
  /// The number of elements.
  public let count: Int

  /// A shape with the given axes; none of them negative.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative axis in shape \(dimensions)")
    self.dimensions = dimensions
    self.count = dimensions.reduce(1, *)
  }

  /// A shape with the given axes.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// The length of an axis; negative axes count from the end.
  public subscript(axis: Int) -> Int { dimensions[normalized(axis)] }

  /// The axis counted from the front.
  public func normalized(_ axis: Int) -> Int {
    let result = axis < 0 ? axis + rank : axis
    precondition(result >= 0 && result < rank, "axis \(axis) is outside shape \(self)")
    return result
  }

  /// The product of all axes but the last, which is how many rows a tensor has when it is seen as a matrix.
  package var rows: Int { dimensions.dropLast().reduce(1, *) }
  /// The length of the last axis; 1 for a scalar.
  package var columns: Int { dimensions.last ?? 1 }

  /// Where a part of the first axis begins, in elements, and its shape.
  package func part(_ range: Range<Int>) -> (start: Int, shape: Shape) {
    precondition(rank > 0 && range.upperBound <= dimensions[0], "\(range) is outside the first axis of \(self)")
    let size = dimensions.dropFirst().reduce(1, *)
    return (range.lowerBound * size, Shape([range.count] + dimensions.dropFirst()))
  }

  /// The shape that two tensors broadcast to (NumPy's rule), nil if they do not fit.
  public func broadcast(with other: Shape) -> Shape? {
    var result: [Int] = []
    for axis in 0..<max(rank, other.rank) {
      let a = axis < rank ? dimensions[rank - 1 - axis] : 1
      let b = axis < other.rank ? other.dimensions[other.rank - 1 - axis] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      result.append(a == 1 ? b : a)
    }
    return Shape(result.reversed())
  }

  /// The distance in elements between neighbours along each axis, row-major.
  package var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * dimensions[axis + 1] }
    return strides
  }
}

extension Shape: CustomStringConvertible {
  /// The axes in brackets, as in `[2, 3]`.
  public var description: String { "\(dimensions)" }
}
