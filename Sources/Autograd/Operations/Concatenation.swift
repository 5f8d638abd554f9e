import Kernels

/// Tensors one after the other along `axis`; their other axes are equal. Each gets its part of the gradient.
public func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
  precondition(!tensors.isEmpty, "concatenate: no tensors")
  let first = tensors[0].shape
  let axis = first.normalized(axis)
  var dimensions = first.dimensions
  for tensor in tensors {
    var others = tensor.shape.dimensions
    precondition(others.count == first.rank, "concatenate: \(first) and \(tensor.shape)")
    others[axis] = first[axis]
    precondition(others == first.dimensions, "concatenate along \(axis): \(first) and \(tensor.shape)")
  }
  let lengths = tensors.map { $0.shape[axis] }
  let starts = lengths.reduce(into: [0]) { $0.append($0.last! + $1) }
  dimensions[axis] = starts.last!
  var y = Tensor(uninitialized: Shape(dimensions))
  let inner = dimensions[(axis + 1)...].reduce(1, *)
  let rows = dimensions[..<axis].reduce(1, *)
  for (tensor, start) in zip(tensors, starts) {
    let columns = tensor.shape[axis] * inner
    guard rows * columns > 0 else { continue }
    copyBlock(
      MutableMatrix(
        y.mutableBuffer[start * inner..<y.shape.count], rows: rows, columns: columns, stride: dimensions[axis] * inner),
      Matrix(tensor.buffer, rows: rows, columns: columns))
  }
  return .record("concatenate", tensors, output: y) { back in
    for (index, length) in lengths.enumerated() {
      back.add(back.gradient.slice(starts[index]..<starts[index] + length, axis: axis), to: index)
    }
  }
}
