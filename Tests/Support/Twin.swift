/// An operation written the slow, obvious way in doubles: its value, and its gradient by hand.
///
/// Every fast implementation is compared with its twin; the twins themselves are compared with finite differences and
/// with recorded PyTorch values.
package struct Twin: Sendable {
  package typealias Value = @Sendable (_ inputs: [ReferenceArray]) -> ReferenceArray
  package typealias Pullback =
    @Sendable (_ inputs: [ReferenceArray], _ upstream: ReferenceArray) -> [ReferenceArray]

  private let compute: Value
  private let differentiate: Pullback

  /// The pullback returns the gradient of each input, in order.
  package init(value: @escaping Value, pullback: @escaping Pullback) {
    compute = value
    differentiate = pullback
  }

  package func value(_ inputs: ReferenceArray...) -> ReferenceArray {
    compute(inputs)
  }

  package func value(of inputs: [ReferenceArray]) -> ReferenceArray {
    compute(inputs)
  }

  /// The gradient of Σ upstream · value with respect to each input.
  package func gradients(of inputs: [ReferenceArray], upstream: ReferenceArray) -> [ReferenceArray] {
    let gradients = differentiate(inputs, upstream)
    for (input, gradient) in zip(inputs, gradients) {
      precondition(gradient.shape == input.shape, "gradient \(gradient.shape) of an input of shape \(input.shape)")
    }
    return gradients
  }

  /// `second` applied to the value of `first`.
  package static func chain(_ first: Twin, _ second: Twin) -> Twin {
    Twin(
      value: { second.value(first.value(of: $0)) },
      pullback: { inputs, upstream in
        let middle = first.value(of: inputs)
        return first.gradients(of: inputs, upstream: second.gradients(of: [middle], upstream: upstream)[0])
      })
  }

  /// The gradients by central differences instead of by the pullback.
  package func numericGradients(of inputs: [ReferenceArray], upstream: ReferenceArray) -> [ReferenceArray] {
    centralDifferences(at: inputs) { dot(value(of: $0), upstream) }
  }
}

/// The gradient of `function` by central differences with a step of 6e-6 · max(1, |x|): good to about 1e-9.
package func centralDifferences(
  at inputs: [ReferenceArray], of function: ([ReferenceArray]) -> Double
) -> [ReferenceArray] {
  var inputs = inputs
  return inputs.indices.map { which in
    var gradient = ReferenceArray.zeros(inputs[which].shape)
    for i in inputs[which].values.indices {
      let x = inputs[which].values[i]
      let step = 6e-6 * max(1, abs(x))
      let (above, below) = (x + step, x - step)
      inputs[which].values[i] = above
      let high = function(inputs)
      inputs[which].values[i] = below
      let low = function(inputs)
      inputs[which].values[i] = x
      gradient.values[i] = (high - low) / (above - below)
    }
    return gradient
  }
}

/// Σ a · b.
package func dot(_ a: ReferenceArray, _ b: ReferenceArray) -> Double {
  precondition(a.shape == b.shape, "shapes \(a.shape) and \(b.shape) differ")
  return zip(a.values, b.values).reduce(0) { $0 + $1.0 * $1.1 }
}
