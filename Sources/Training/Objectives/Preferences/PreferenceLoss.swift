import Autograd
import Files

/// A loss of a pair of answers: one entry of the table in `PreferenceLosses.swift`.
package struct PreferenceLoss: Sendable {
  /// The word that `loss_type` chooses it by.
  package let name: String
  /// Whether it compares with a reference model.
  package let usesReference: Bool
  /// How it rewards an answer: times `beta`, the log-ratio to the reference, or the log-probability alone.
  package let reward: Reward
  /// The losses [P] of P pairs.
  package let losses: @Sendable (AnswerScores, PreferenceSettings) -> Tensor

  package enum Reward: Sendable {
    case ratio, sum, mean
  }

  init(
    _ name: String, usesReference: Bool = true, reward: Reward = .ratio,
    _ losses: @escaping @Sendable (AnswerScores, PreferenceSettings) -> Tensor
  ) {
    self.name = name
    self.usesReference = usesReference
    self.reward = reward
    self.losses = losses
  }

  /// The loss of that name.
  package static func named(_ name: String) -> PreferenceLoss? { all.first { $0.name == name } }
}

/// The numbers that preference losses take.
package struct PreferenceSettings: Sendable, Equatable {
  /// How strongly the policy is held to the reference.
  package var beta: Double
  /// The share of pairs whose preference is taken to be the other way round.
  package var labelSmoothing: Double
  /// The margin that SimPO asks for.
  package var simPOGamma: Double
  /// The weight of the chosen answer's likelihood in CPO.
  package var cpoAlpha: Double

  package init(
    beta: Double = 0.1, labelSmoothing: Double = 0, simPOGamma: Double = 0.5, cpoAlpha: Double = 1
  ) {
    self.beta = beta
    self.labelSmoothing = labelSmoothing
    self.simPOGamma = simPOGamma
    self.cpoAlpha = cpoAlpha
  }
}
