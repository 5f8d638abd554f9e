/// A dense, row-major array of integers: token ids, targets, positions, masks.
package struct IntegerArray: Sendable, Equatable {
  package let shape: [Int]
  package let values: [Int]

  package init(_ shape: [Int], _ values: [Int]) {
    precondition(shape.reduce(1, *) == values.count, "shape \(shape) with \(values.count) values")
    self.shape = shape
    self.values = values
  }

  package var int32s: [Int32] { values.map(Int32.init) }
}
