import Foundation

/// AdamW in doubles, one parameter at a time: decoupled decay, bias correction, ε outside the root.
package struct ReferenceAdamW: Sendable {
  package var learningRate: Double
  package var betas: (Double, Double)
  package var epsilon: Double
  package var weightDecay: Double
  package private(set) var step = 0
  package private(set) var first: [Double]
  package private(set) var second: [Double]

  package init(
    count: Int, learningRate: Double, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    first = [Double](repeating: 0, count: count)
    second = first
  }

  /// p ← p − η (λ p + m̂ / (√v̂ + ε)).
  package mutating func update(_ parameter: inout [Double], gradient: [Double]) {
    precondition(parameter.count == first.count && gradient.count == first.count, "arrays of another length")
    step += 1
    let firstCorrection = 1 - pow(betas.0, Double(step))
    let secondCorrection = 1 - pow(betas.1, Double(step))
    for i in parameter.indices {
      first[i] = betas.0 * first[i] + (1 - betas.0) * gradient[i]
      second[i] = betas.1 * second[i] + (1 - betas.1) * gradient[i] * gradient[i]
      let direction = (first[i] / firstCorrection) / ((second[i] / secondCorrection).squareRoot() + epsilon)
      parameter[i] -= learningRate * (weightDecay * parameter[i] + direction)
    }
  }
}

/// Scales all gradients so that their common norm is at most `limit`, as PyTorch's `clip_grad_norm_`: by
/// limit / (norm + 1e-6) when that is below 1. Returns the norm before.
package func clipGlobalNorm(_ gradients: inout [[Double]], to limit: Double) -> Double {
  let norm = gradients.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
  let scale = min(1, limit / (norm + 1e-6))
  gradients = gradients.map { $0.map { $0 * scale } }
  return norm
}
