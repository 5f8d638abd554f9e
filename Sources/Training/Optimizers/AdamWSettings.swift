import Files

/// The keys of AdamW (Loshchilov and Hutter, 2019).
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

  package init(from section: inout SettingsSection) {
    let betas = section.value(
      "betas", .list(of: .number(from: 0, below: 1), count: 2), default: [0.9, 0.999], "Decay of the two moments")
    (beta1, beta2) = (betas[0], betas[1])
    epsilon = section.value("eps", .number(above: 0), default: 1e-8, "Added to the root of the second moment")
    weightDecay = section.value(
      "weight_decay", .number(from: 0), default: 0, "Decoupled decay of the tensors of rank 2 and more")
  }
}
