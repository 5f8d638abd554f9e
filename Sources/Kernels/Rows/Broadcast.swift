/// How the elements of operands meet in a contiguous result: its axes, and the step of each operand along them, which is
/// zero where the operand repeats. Neighbouring axes that every operand walks as one are one.
package struct BroadcastLayout: Sendable {
  package private(set) var dimensions: [Int] = []
  /// For each operand its step along each axis.
  package private(set) var steps: [[Int]]

  /// The layout for a result with the axes `dimensions`; `steps` has one list of the same length for each operand.
  package init(_ dimensions: [Int], steps: [[Int]]) {
    self.steps = steps.map { _ in [] }
    for axis in dimensions.indices where dimensions[axis] != 1 {
      if let last = self.dimensions.indices.last,
        steps.indices.allSatisfy({ self.steps[$0][last] == steps[$0][axis] * dimensions[axis] })
      {
        self.dimensions[last] *= dimensions[axis]
        for operand in steps.indices { self.steps[operand][last] = steps[operand][axis] }
      } else {
        self.dimensions.append(dimensions[axis])
        for operand in steps.indices { self.steps[operand].append(steps[operand][axis]) }
      }
    }
    if self.dimensions.isEmpty {
      self.dimensions = [1]
      self.steps = steps.map { _ in [1] }
    }
  }

  /// The number of elements of the result.
  var count: Int { dimensions.reduce(1, *) }
  var columns: Int { dimensions.last! }
  var rows: Int { dimensions.dropLast().reduce(1, *) }

  /// Runs `body(start, offsets, count)` on all threads for runs along the last axis: `count` elements of the result from
  /// `start` on, and where each operand's run begins.
  @inline(__always)
  func forEachRun(_ body: (_ start: Int, _ offsets: [Int], _ count: Int) -> Void) {
    if dimensions.count == 1 {
      Parallel.forRanges(columns, grain: 32768) { range in
        body(range.lowerBound, steps.map { range.lowerBound * $0[0] }, range.count)
      }
      return
    }
    Parallel.forRanges(rows, grain: Parallel.rowGrain(columns: columns)) { range in
      var walk = RowWalk(self, row: range.lowerBound)
      for row in range {
        body(row * columns, walk.offsets, columns)
        walk.advance()
      }
    }
  }
}

/// Where each operand of a layout is, row after row.
private struct RowWalk {
  private let layout: BroadcastLayout
  private var index: [Int]
  private(set) var offsets: [Int]

  init(_ layout: BroadcastLayout, row: Int) {
    self.layout = layout
    var rest = row
    index = layout.dimensions.dropLast().reversed().map { length in
      defer { rest /= length }
      return rest % length
    }.reversed()
    offsets = layout.steps.map { [index] steps in zip(index, steps).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// Moves to the next row.
  mutating func advance() {
    for axis in index.indices.reversed() {
      index[axis] += 1
      let isInside = index[axis] < layout.dimensions[axis]
      for operand in offsets.indices {
        let step = layout.steps[operand][axis]
        offsets[operand] += isInside ? step : -step * (layout.dimensions[axis] - 1)
      }
      if isInside { return }
      index[axis] = 0
    }
  }
}

/// Sums a contiguous tensor over the axes along which its target has a step of zero: out[target index] += x[index].
///
/// `dimensions` are x's axes and `steps` those of `out` along them. The order of the additions depends on the shape alone.
package func sumBroadcast(_ out: MutableBuffer, _ x: Buffer, dimensions: [Int], steps: [Int]) {
  sumBroadcast(out.pointer, x.pointer, dimensions: dimensions, steps: steps)
}

private func sumBroadcast(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, dimensions: [Int], steps: [Int]
) {
  let layout = BroadcastLayout(dimensions, steps: [steps])
  let (dimensions, steps) = (layout.dimensions, layout.steps[0])
  switch (dimensions.count, steps.last!) {
  case (1, 0): out[0] += sumInPieces(x, layout.count)
  case (1, _): accumulate(out, x, layout.count)
  case (2, 1) where steps[0] == 0:
    sumRowsInPieces(out, x, rows: layout.rows, columns: layout.columns, accumulate: true)
  case (2, 0):
    Parallel.forRanges(layout.rows, grain: Parallel.rowGrain(columns: layout.columns)) { range in
      for row in range { out[row * steps[0]] += sum(x + row * layout.columns, layout.columns) }
    }
  default:
    // Slices along the first axis are summed one by one: side by side where each has a target of its own.
    let slice = layout.count / dimensions[0]
    let (inner, innerSteps) = (Array(dimensions.dropFirst()), Array(steps.dropFirst()))
    if steps[0] == 0 {
      for i in 0..<dimensions[0] { sumBroadcast(out, x + i * slice, dimensions: inner, steps: innerSteps) }
    } else {
      Parallel.run(dimensions[0]) { i, _ in
        sumBroadcast(out + i * steps[0], x + i * slice, dimensions: inner, steps: innerSteps)
      }
    }
  }
}
