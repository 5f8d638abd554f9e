import Autograd
import Files
import Foundation
import Kernels
import Numerics

/// The keys of AdamW (Loshchilov and Hutter 2019).
package struct AdamWSettings: OptimizerSettings, Equatable {
  package static let name = "adamw"

  /// How much of the first moment stays from step to step.
  package var beta1: Double
  /// How much of the second moment stays from step to step.
  package var beta2: Double
  /// Added to the root of the second moment.
  package var epsilon: Double
  /// The share of a weight, times the learning rate, that each step takes away; only of tensors of rank 2 and more.
  package var weightDecay: Double
  /// How the two moments are kept.
  package var stateFormat: Moment.Format

  package init(from section: inout SettingsSection) {
    let betas = section.value(
      "betas", .list(of: .number(from: 0, below: 1), count: 2), default: [0.9, 0.999], "Decay of the two moments")
    (beta1, beta2) = (betas[0], betas[1])
    epsilon = section.value("eps", .number(above: 0), default: 1e-8, "Added to the root of the second moment")
    weightDecay = section.value(
      "weight_decay", .number(from: 0), default: 0, "Decoupled decay of the tensors of rank 2 and more")
    stateFormat = section.value(
      "state_dtype", .oneOf(Moment.Format.self), default: .float32,
      "How the two moments are kept: bfloat16 takes half the memory and is rounded stochastically")
  }

  package init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    stateFormat: Moment.Format = .float32
  ) {
    (self.beta1, self.beta2, self.epsilon, self.weightDecay) = (beta1, beta2, epsilon, weightDecay)
    self.stateFormat = stateFormat
  }

  package var stateSize: Int { 2 * stateFormat.size }

  package var isElementwise: Bool { true }

  package func make(for parts: [ParameterPart], seed: UInt64) -> any Optimizer { AdamW(self, parts, seed: seed) }
}

/// Adam with decoupled weight decay; with c1 = 1 - b1^t and c2 = 1 - b2^t at step t:
///   m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  p = p (1 - rate decay) - rate (m / c1) / (sqrt(v / c2) + eps)
/// Moments that are kept as bfloat16 are rounded stochastically: to the nearest, a v that changes by a thousandth would stay.
final class AdamW: Optimizer {
  private let settings: AdamWSettings
  private let parts: [ParameterPart]
  private let first: [Moment]
  private let second: [Moment]
  private let seed: UInt64
  var stepCount = 0

  init(_ settings: AdamWSettings, _ parts: [ParameterPart], seed: UInt64) {
    self.settings = settings
    self.seed = seed
    self.parts = parts
    first = parts.map { Moment(zeros: $0.shape, as: settings.stateFormat) }
    second = parts.map { Moment(zeros: $0.shape, as: settings.stateFormat) }
  }

  var state: [(kind: String, moments: [Moment])] { [("exp_avg", first), ("exp_avg_sq", second)] }

  func step(_ gradients: Gradients, learningRate: Double, gradientScale: Double) {
    stepCount += 1
    let step = AdamWStep(
      learningRate: Float(learningRate), beta1: settings.beta1, beta2: settings.beta2,
      epsilon: Float(settings.epsilon), correction1: Float(1 - pow(settings.beta1, Double(stepCount))),
      correction2: Float(1 - pow(settings.beta2, Double(stepCount))), gradientScale: Float(gradientScale))
    for (index, part) in parts.enumerated() {
      guard let gradient = gradients[part.parameter]?.buffer[part.range] else { continue }
      let p = part.parameter.mutableBuffer[part.range]
      let decay = part.parameter.shape.rank >= 2 ? Float(settings.weightDecay) : 0
      switch (first[index].numbers, second[index].numbers) {
      case (.float32(let m), .float32(let v)):
        adamWUpdate(p, m.mutableBuffer, v.mutableBuffer, gradient, step: step, decay: decay)
      case (.bfloat16(let m), .bfloat16(let v)):
        adamWUpdate(
          p, m, v, gradient, step: step, decay: decay, seed: seed(of: part.number), from: part.range.lowerBound)
      default: preconditionFailure("the two moments are of different formats")
      }
    }
  }

  /// What the roundings of a parameter's moments in this step are drawn from: a resumed run draws the same.
  private func seed(of parameter: Int) -> UInt64 {
    SplitMix64.mixed(seed &+ SplitMix64.increment &* (UInt64(stepCount) << 20 | UInt64(parameter)))
  }
}
