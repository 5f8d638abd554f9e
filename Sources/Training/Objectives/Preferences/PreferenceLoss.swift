import Autograd
import Files

/// A loss of a pair of answers: one entry of the table in `PreferenceLosses.swift`.
package struct PreferenceLoss: Sendable {
  /// The word that `loss_type` chooses it by.
  package let name: String
  /// Whether it compares with a reference model.
  package let usesReference: Bool
  /// Whether it compares log-probabilities per token rather than whole ones, where it has no reference.
  package let comparesMeans: Bool
  /// The keys of `objective` that it reads besides `beta`.
  package let keys: Set<Key>
  /// The losses [P] of P pairs.
  package let losses: @Sendable (AnswerScores, PreferenceSettings) -> Tensor

  /// A key that some losses read and others do not.
  package enum Key: String, Sendable, CaseIterable {
    case labelSmoothing = "label_smoothing"
    case simPOGamma = "simpo_gamma"
    case cpoAlpha = "cpo_alpha"
    case likelihoodMean = "likelihood_mean"
  }

  init(
    _ name: String, usesReference: Bool = true, comparesMeans: Bool = false, keys: Set<Key> = [],
    _ losses: @escaping @Sendable (AnswerScores, PreferenceSettings) -> Tensor
  ) {
    self.name = name
    self.usesReference = usesReference
    self.comparesMeans = comparesMeans
    self.keys = keys
    self.losses = losses
  }

  /// The loss of that name.
  package static func named(_ name: String) -> PreferenceLoss? { all.first { $0.name == name } }
}

/// What the likelihood of chosen answers is a mean over, where a loss has such a term.
package enum LikelihoodMean: String, Sendable, CaseIterable {
  /// Over the tokens of an answer, and then over the pairs: every answer counts the same. The papers' mean.
  case pair
  /// Over the tokens of all chosen answers of the step: every token counts the same. TRL's mean.
  case token
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
  /// What likelihoods are means over.
  package var likelihoodMean: LikelihoodMean

  package init(
    beta: Double = 0.1, labelSmoothing: Double = 0, simPOGamma: Double = 0.5, cpoAlpha: Double = 1,
    likelihoodMean: LikelihoodMean = .pair
  ) {
    self.beta = beta
    self.labelSmoothing = labelSmoothing
    self.simPOGamma = simPOGamma
    self.cpoAlpha = cpoAlpha
    self.likelihoodMean = likelihoodMean
  }

  /// The keys of a recipe. Those that only some losses read are in the resolved recipe only where it has them.
  package init(from section: inout SettingsSection) {
    beta = section.value("beta", .number(above: 0), default: 0.1, "How strongly the model is held to the reference")
    labelSmoothing =
      section.optional(
        Key.labelSmoothing.rawValue, .number(from: 0, below: 0.5),
        "Share of pairs taken to be the wrong way round; default 0; \"exo_pair\" needs one") ?? 0
    simPOGamma =
      section.optional(
        Key.simPOGamma.rawValue, .number(from: 0), "Margin that loss \"simpo\" asks for; default 0.5") ?? 0.5
    cpoAlpha =
      section.optional(
        Key.cpoAlpha.rawValue, .number(from: 0), "Weight of the likelihood in loss \"cpo\"; default 1") ?? 1
    likelihoodMean =
      section.optional(
        Key.likelihoodMean.rawValue, .oneOf(LikelihoodMean.self),
        "What the likelihoods in \"sft\", \"orpo\" and \"cpo\" are means over: each pair's tokens and then the pairs, or, as "
          + "in TRL, all tokens of the step's chosen answers; default pair") ?? .pair
  }

  private typealias Key = PreferenceLoss.Key
}
