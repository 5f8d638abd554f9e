/// A dense, row-major array of doubles: what the slow references compute with.
package struct ReferenceArray: Sendable, Equatable {
  package let shape: [Int]
  package var values: [Double]

  package init(_ shape: [Int], _ values: [Double]) {
    precondition(
      shape.reduce(1, *) == values.count, "shape \(shape) holds \(shape.reduce(1, *)) values, not \(values.count)")
    self.shape = shape
    self.values = values
  }

  package init(_ shape: [Int], _ values: [Float]) {
    self.init(shape, values.map(Double.init))
  }

  /// Each element computed from its index.
  package init(_ shape: [Int], at value: ([Int]) -> Double) {
    self.init(shape, indices(of: shape).map(value))
  }

  /// An array of rank 0.
  package init(_ scalar: Double) {
    self.init([], [scalar])
  }

  package static func full(_ shape: [Int], _ value: Double) -> ReferenceArray {
    ReferenceArray(shape, [Double](repeating: value, count: shape.reduce(1, *)))
  }

  package static func zeros(_ shape: [Int]) -> ReferenceArray {
    full(shape, 0)
  }

  package var count: Int { values.count }
  package var rank: Int { shape.count }
  /// The length of the last axis; 1 for a scalar.
  package var columns: Int { shape.last ?? 1 }
  /// The product of all axes but the last.
  package var rows: Int { shape.dropLast().reduce(1, *) }

  /// The values rounded to the nearest float.
  package var floats: [Float] { values.map(Float.init) }

  package func roundedToFloat() -> ReferenceArray {
    ReferenceArray(shape, floats)
  }

  package func map(_ transform: (Double) -> Double) -> ReferenceArray {
    ReferenceArray(shape, values.map(transform))
  }

  /// The same values in another shape.
  package func reshaped(_ shape: [Int]) -> ReferenceArray {
    ReferenceArray(shape, values)
  }

  package func offset(of index: [Int]) -> Int {
    precondition(index.count == rank, "index \(index) in an array of shape \(shape)")
    return zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
  }

  package subscript(index: [Int]) -> Double {
    get { values[offset(of: index)] }
    set { values[offset(of: index)] = newValue }
  }

  package subscript(index: Int...) -> Double {
    get { self[index] }
    set { self[index] = newValue }
  }
}

/// Every index of an array of `shape`, in row-major order.
package func indices(of shape: [Int]) -> [[Int]] {
  shape.reduce([[]]) { heads, length in heads.flatMap { head in (0..<length).map { head + [$0] } } }
}

// Broadcasting as in NumPy: shapes are aligned at their last axes, an axis of length 1 is repeated.
extension ReferenceArray {
  /// The shape that arrays of the shapes `a` and `b` are both broadcast to.
  package static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = max(a.count, b.count)
    let long = [a, b].map { [Int](repeating: 1, count: rank - $0.count) + $0 }
    return zip(long[0], long[1]).map { x, y in
      precondition(x == y || x == 1 || y == 1, "shapes \(a) and \(b) cannot be broadcast together")
      return x == 1 ? y : x
    }
  }

  /// The index in this array of the element at `index` after broadcasting.
  private func sourceIndex(of index: [Int]) -> [Int] {
    zip(index.suffix(rank), shape).map { $1 == 1 ? 0 : $0 }
  }

  package func broadcast(to target: [Int]) -> ReferenceArray {
    ReferenceArray(target) { self[sourceIndex(of: $0)] }
  }

  /// The pullback of `broadcast(to:)` from an array of shape `source`: sums over every axis that was repeated.
  package func summed(to source: [Int]) -> ReferenceArray {
    var result = ReferenceArray.zeros(source)
    for index in indices(of: shape) {
      result[result.sourceIndex(of: index)] += self[index]
    }
    return result
  }
}
