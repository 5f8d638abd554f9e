/// Sums a tensor over the axes along which its target has a stride of zero: out[target index] (+)= x[index].
///
/// `dimensions` are x's axes, row-major; `strides` are the steps in `out` for each of them. In the order of x.
package func sumBroadcast(
  _ out: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, dimensions: [Int], strides: [Int]
) {
  guard let columns = dimensions.last, let step = strides.last else {
    out[0] += x[0]
    return
  }
  forEachRow(dimensions.dropLast(), strides.dropLast()) { row, offset in
    let source = x + row * columns
    let target = out + offset
    if step == 0 {
      target[0] += sum(source, columns)
    } else {
      for j in 0..<columns { target[j] += source[j] }
    }
  }
}

/// Walks the rows of a tensor in order with the offset that other strides give them.
func forEachRow(_ dimensions: ArraySlice<Int>, _ strides: ArraySlice<Int>, _ body: (_ row: Int, _ offset: Int) -> Void)
{
  let (dimensions, strides) = (Array(dimensions), Array(strides))
  var index = [Int](repeating: 0, count: dimensions.count)
  var offset = 0
  for row in 0..<dimensions.reduce(1, *) {
    body(row, offset)
    var axis = dimensions.count - 1
    while axis >= 0 {
      index[axis] += 1
      offset += strides[axis]
      if index[axis] < dimensions[axis] { break }
      offset -= strides[axis] * dimensions[axis]
      index[axis] = 0
      axis -= 1
    }
  }
}
