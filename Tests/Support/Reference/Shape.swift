extension ReferenceArray {
  /// The axes in another order: axis i of the result is axis `order[i]` of this array.
  package func permuted(_ order: [Int]) -> ReferenceArray {
    var result = ReferenceArray.zeros(order.map { shape[$0] })
    for index in indices(of: shape) {
      result[order.map { index[$0] }] = self[index]
    }
    return result
  }

  /// The elements `range` of one axis.
  package func sliced(axis: Int, _ range: Range<Int>) -> ReferenceArray {
    var length = shape
    length[axis] = range.count
    return ReferenceArray(length) { index in
      var source = index
      source[axis] += range.lowerBound
      return self[source]
    }
  }

  /// The arrays concatenated along one axis.
  package static func concatenated(_ parts: [ReferenceArray], axis: Int) -> ReferenceArray {
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    var result = zeros(shape)
    var start = 0
    for part in parts {
      for index in indices(of: part.shape) {
        var target = index
        target[axis] += start
        result[target] = part[index]
      }
      start += part.shape[axis]
    }
    return result
  }
}

extension Twin {
  package static func reshape(_ shape: [Int]) -> Twin {
    Twin(
      value: { $0[0].reshaped(shape) },
      pullback: { inputs, upstream in [upstream.reshaped(inputs[0].shape)] })
  }

  package static func permute(_ order: [Int]) -> Twin {
    Twin(
      value: { $0[0].permuted(order) },
      pullback: { _, upstream in
        [upstream.permuted(order.indices.map { order.firstIndex(of: $0)! })]
      })
  }

  package static func slice(axis: Int, _ range: Range<Int>) -> Twin {
    Twin(
      value: { $0[0].sliced(axis: axis, range) },
      pullback: { inputs, upstream in
        var gradient = ReferenceArray.zeros(inputs[0].shape)
        for index in indices(of: upstream.shape) {
          var target = index
          target[axis] += range.lowerBound
          gradient[target] = upstream[index]
        }
        return [gradient]
      })
  }

  package static func concatenate(axis: Int) -> Twin {
    Twin(
      value: { .concatenated($0, axis: axis) },
      pullback: { inputs, upstream in
        var start = 0
        return inputs.map { input in
          defer { start += input.shape[axis] }
          return upstream.sliced(axis: axis, start..<start + input.shape[axis])
        }
      })
  }
}
