extension Twin {
  /// Rows of a table [V, C] by index: indices [...] give [..., C]. This is an embedding.
  package static func gatherRows(_ indices: IntegerArray) -> Twin {
    Twin(
      value: { inputs in
        let rows = inputs[0].splitRows
        return ReferenceArray(indices.shape + [inputs[0].columns], indices.values.flatMap { rows[$0] })
      },
      pullback: { inputs, upstream in
        var gradient = ReferenceArray.zeros(inputs[0].shape)
        for (row, u) in zip(indices.values, upstream.splitRows) {
          for i in u.indices { gradient.values[row * u.count + i] += u[i] }
        }
        return [gradient]
      })
  }

  /// Elements along the last axis by index: x [..., N] and indices [..., K] give [..., K].
  package static func takeAlongLastAxis(_ indices: IntegerArray) -> Twin {
    let width = indices.shape.last ?? 1
    return Twin(
      value: { inputs in
        let taken = indices.values.enumerated().map { position, index in
          inputs[0].values[position / width * inputs[0].columns + index]
        }
        return ReferenceArray(indices.shape, taken)
      },
      pullback: { inputs, upstream in
        var gradient = ReferenceArray.zeros(inputs[0].shape)
        for (position, index) in indices.values.enumerated() {
          gradient.values[position / width * inputs[0].columns + index] += upstream.values[position]
        }
        return [gradient]
      })
  }

  /// The first input where `condition` is not 0, elsewhere the second; all three are broadcast.
  package static func choose(where condition: IntegerArray) -> Twin {
    let mask = ReferenceArray(condition.shape, condition.values.map { $0 != 0 ? 1.0 : 0.0 })
    return Twin(
      value: { inputs in
        let pair = ReferenceArray.broadcastShape(inputs[0].shape, inputs[1].shape)
        let shape = ReferenceArray.broadcastShape(pair, mask.shape)
        let chosen = mask.broadcast(to: shape).values
        let (a, b) = (inputs[0].broadcast(to: shape).values, inputs[1].broadcast(to: shape).values)
        return ReferenceArray(shape, chosen.indices.map { chosen[$0] == 1 ? a[$0] : b[$0] })
      },
      pullback: { inputs, upstream in
        let chosen = mask.broadcast(to: upstream.shape).values
        var (toA, toB) = (upstream, upstream)
        for i in chosen.indices {
          if chosen[i] == 1 { toB.values[i] = 0 } else { toA.values[i] = 0 }
        }
        return [toA.summed(to: inputs[0].shape), toB.summed(to: inputs[1].shape)]
      })
  }
}
