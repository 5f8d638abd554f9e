import Foundation

extension Twin {
  /// An operation on each element, with its derivative at x.
  private static func unary(
    _ function: @escaping @Sendable (Double) -> Double, derivative: @escaping @Sendable (Double) -> Double
  ) -> Twin {
    Twin(
      value: { $0[0].map(function) },
      pullback: { inputs, upstream in
        let gradient = zip(inputs[0].values, upstream.values).map { x, u in u * derivative(x) }
        return [ReferenceArray(inputs[0].shape, gradient)]
      })
  }

  /// An operation on pairs of elements with broadcasting, and its derivatives with respect to each of them.
  private static func binary(
    _ function: @escaping @Sendable (Double, Double) -> Double,
    derivatives: @escaping @Sendable (Double, Double) -> (Double, Double)
  ) -> Twin {
    Twin(
      value: { inputs in
        let shape = ReferenceArray.broadcastShape(inputs[0].shape, inputs[1].shape)
        let (a, b) = (inputs[0].broadcast(to: shape), inputs[1].broadcast(to: shape))
        return ReferenceArray(shape, zip(a.values, b.values).map(function))
      },
      pullback: { inputs, upstream in
        let shape = upstream.shape
        let (a, b) = (inputs[0].broadcast(to: shape), inputs[1].broadcast(to: shape))
        var (toA, toB) = (upstream, upstream)
        for i in 0..<upstream.count {
          let (da, db) = derivatives(a.values[i], b.values[i])
          toA.values[i] *= da
          toB.values[i] *= db
        }
        return [toA.summed(to: inputs[0].shape), toB.summed(to: inputs[1].shape)]
      })
  }

  package static let add = binary(+, derivatives: { _, _ in (1, 1) })
  package static let subtract = binary(-, derivatives: { _, _ in (1, -1) })
  package static let multiply = binary(*, derivatives: { a, b in (b, a) })
  package static let divide = binary(/, derivatives: { a, b in (1 / b, -a / (b * b)) })

  package static let negate = unary({ -$0 }, derivative: { _ in -1 })
  package static let exponential = unary({ exp($0) }, derivative: { exp($0) })
  package static let logarithm = unary({ log($0) }, derivative: { 1 / $0 })
  package static let square = unary({ $0 * $0 }, derivative: { 2 * $0 })
  package static let squareRoot = unary({ $0.squareRoot() }, derivative: { 0.5 / $0.squareRoot() })
  package static let relu = unary({ $0 > 0 ? $0 : 0 }, derivative: { $0 > 0 ? 1 : 0 })
  /// The derivative 1 - tanh² would cancel for large |x|; 1 / cosh² does not.
  package static let tanh = unary(
    { Foundation.tanh($0) }, derivative: { 1 / (cosh($0) * cosh($0)) })
  package static let sigmoid = unary(logistic, derivative: { logistic($0) * logistic(-$0) })
  /// log(1 / (1 + e^-x)) = min(x, 0) - log(1 + e^-|x|).
  package static let logSigmoid = unary(
    { min($0, 0) - log1p(exp(-abs($0))) }, derivative: { logistic(-$0) })
  /// x · sigmoid(x).
  package static let silu = unary(
    { $0 * logistic($0) }, derivative: { logistic($0) * (1 + $0 * logistic(-$0)) })
  /// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), the form of GPT-2.
  package static let gelu = unary(
    { 0.5 * $0 * (1 + Foundation.tanh(geluArgument($0))) },
    derivative: { x in
      let t = Foundation.tanh(geluArgument(x))
      let inner = (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
      return 0.5 * (1 + t) + 0.5 * x * (1 - t) * (1 + t) * inner
    })

  /// x/2 · (1 + erf(x / √2)), GELU as it is defined.
  package static let exactGELU = unary(
    { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) },
    derivative: { x in
      0.5 * (1 + erf(x / 2.0.squareRoot())) + x * Foundation.exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    })

  /// gelu(gate) · up in the form of GPT-2, for rows [gate | up].
  package static let geGLU = Twin(
    value: { inputs in
      let width = inputs[0].columns / 2
      let rows = inputs[0].splitRows.flatMap { row in
        (0..<width).map { 0.5 * row[$0] * (1 + Foundation.tanh(geluArgument(row[$0]))) * row[width + $0] }
      }
      return ReferenceArray(inputs[0].shape.dropLast() + [width], rows)
    },
    pullback: { inputs, upstream in
      let width = inputs[0].columns / 2
      let rows = zip(inputs[0].splitRows, upstream.splitRows).flatMap { row, u -> [Double] in
        let (gate, up) = (ReferenceArray([width], Array(row[..<width])), Array(row[width...]))
        let toGate = gelu.gradients(of: [gate], upstream: ReferenceArray([width], zip(u, up).map(*)))[0].values
        return toGate + zip(u, gelu.value(of: [gate]).values).map(*)
      }
      return [ReferenceArray(inputs[0].shape, rows)]
    })

  package static func power(_ exponent: Double) -> Twin {
    unary({ pow($0, exponent) }, derivative: { exponent * pow($0, exponent - 1) })
  }

  /// silu(gate) · up, for inputs gate and up of one shape.
  package static let swiglu = binary(
    { gate, up in gate * logistic(gate) * up },
    derivatives: { gate, up in
      (up * logistic(gate) * (1 + gate * logistic(-gate)), gate * logistic(gate))
    })
}

/// 1 / (1 + e^-x), written so that neither tail overflows.
private func logistic(_ x: Double) -> Double {
  x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}

private func geluArgument(_ x: Double) -> Double {
  (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
}
