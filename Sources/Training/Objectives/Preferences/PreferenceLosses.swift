import Autograd
import Foundation

/// The losses of pairs, by the names and with the formulas of Hugging Face's TRL.
///
/// With c the chosen and r the rejected answer: p = ln pi(y|x) of the policy, q = ln pi_ref(y|x) of the reference, n the number of
/// tokens, u = p - q the log-ratio, h = u_c - u_r, s the logistic function, e the label smoothing, and L the chosen answer's
/// likelihood as a loss: -p_c / n_c, or divided by the mean n_c of the step, which makes the mean one over all chosen tokens.
extension PreferenceLoss {
  /// All of them. To add one: its entry below, and its name here.
  package static let all = [
    sigmoid, hinge, ipo, robust, exoPair, ncaPair, bcoPair, sppoHard, apoZero, apoDown, simPO, orpo, cpo, sft,
  ]

  /// -(1 - e) ln s(beta h) - e ln s(-beta h). Rafailov et al. 2023, "Direct Preference Optimization", equation 7; with e > 0
  /// conservative DPO, Mitchell 2023.
  static let sigmoid = PreferenceLoss("sigmoid", keys: [.labelSmoothing]) { scores, settings in
    let logits = Float(settings.beta) * scores.margin
    let smoothing = Float(settings.labelSmoothing)
    return -(1 - smoothing) * logSigmoid(logits) - smoothing * logSigmoid(-logits)
  }

  /// max(0, 1 - beta h). Zhao et al. 2023, "SLiC-HF"; Liu et al. 2023, "Statistical Rejection Sampling" (RSO).
  static let hinge = PreferenceLoss("hinge") { scores, settings in
    relu(1 - Float(settings.beta) * scores.margin)
  }

  /// (h' - 1 / (2 beta))^2 with log-probabilities per token, p / n and q / n. Azar et al. 2023, "A General Theoretical Paradigm to
  /// Understand Learning from Human Preferences", equation 17.
  static let ipo = PreferenceLoss("ipo") { scores, settings in
    let margin = scores.firstRatio / scores.firstLengths - scores.secondRatio / scores.secondLengths
    return square(margin - Float(1 / (2 * settings.beta)))
  }

  /// (-(1 - e) ln s(beta h) + e ln s(-beta h)) / (1 - 2 e). Chowdhury et al. 2024, "Provably Robust DPO".
  static let robust = PreferenceLoss("robust", keys: [.labelSmoothing]) { scores, settings in
    let logits = Float(settings.beta) * scores.margin
    let smoothing = Float(settings.labelSmoothing)
    return (smoothing * logSigmoid(-logits) - (1 - smoothing) * logSigmoid(logits)) / (1 - 2 * smoothing)
  }

  /// s(beta h) (ln s(beta h) - ln(1 - e)) + s(-beta h) (ln s(-beta h) - ln e), infinite without smoothing. Ji et al. 2024, "Towards
  /// Efficient Exact Optimization", equation 16.
  static let exoPair = PreferenceLoss("exo_pair", keys: [.labelSmoothing]) { scores, settings in
    let logits = Float(settings.beta) * scores.margin
    let smoothing = settings.labelSmoothing
    return Autograd.sigmoid(logits) * (logSigmoid(logits) - Float(Foundation.log1p(-smoothing)))
      + Autograd.sigmoid(-logits) * (logSigmoid(-logits) - Float(Foundation.log(smoothing)))
  }

  /// -ln s(beta u_c) - ln s(-beta u_c) / 2 - ln s(-beta u_r) / 2. Chen et al. 2024, "Noise Contrastive Alignment".
  static let ncaPair = PreferenceLoss("nca_pair") { scores, settings in
    let chosen = Float(settings.beta) * scores.firstRatio
    let rejected = Float(settings.beta) * scores.secondRatio
    return -logSigmoid(chosen) - 0.5 * logSigmoid(-chosen) - 0.5 * logSigmoid(-rejected)
  }

  /// -ln s(beta u_c) - ln s(-beta u_r): a binary classifier whose rewards are not shifted. Jung et al. 2024, "Binary Classifier
  /// Optimization".
  static let bcoPair = PreferenceLoss("bco_pair") { scores, settings in
    -logSigmoid(Float(settings.beta) * scores.firstRatio) - logSigmoid(-(Float(settings.beta) * scores.secondRatio))
  }

  /// (u_c - 1 / (2 beta))^2 + (u_r + 1 / (2 beta))^2. Wu et al. 2024, "Self-Play Preference Optimization".
  static let sppoHard = PreferenceLoss("sppo_hard") { scores, settings in
    let half = Float(0.5 / settings.beta)
    return square(scores.firstRatio - half) + square(scores.secondRatio + half)
  }

  /// 1 - s(beta u_c) + s(beta u_r): for answers better than the model's own. D'Oosterlinck et al. 2024, "Anchored Preference
  /// Optimization".
  static let apoZero = PreferenceLoss("apo_zero") { scores, settings in
    1 - Autograd.sigmoid(Float(settings.beta) * scores.firstRatio)
      + Autograd.sigmoid(Float(settings.beta) * scores.secondRatio)
  }

  /// s(beta u_c) + 1 - s(beta h): for answers worse than the model's own. D'Oosterlinck et al. 2024.
  static let apoDown = PreferenceLoss("apo_down") { scores, settings in
    Autograd.sigmoid(Float(settings.beta) * scores.firstRatio) + 1
      - Autograd.sigmoid(Float(settings.beta) * scores.margin)
  }

  /// -ln s(beta (p_c / n_c - p_r / n_r) - gamma), without a reference. Meng et al. 2024, "SimPO", equation 6.
  static let simPO = PreferenceLoss("simpo", usesReference: false, comparesMeans: true, keys: [.simPOGamma]) {
    scores, settings in
    let margin = scores.first / scores.firstLengths - scores.second / scores.secondLengths
    return -logSigmoid(Float(settings.beta) * margin - Float(settings.simPOGamma))
  }

  /// L - beta ln s(o), without a reference, o the log-odds ratio of the mean log-probabilities. Hong et al. 2024, "ORPO",
  /// equations 6 and 7.
  package static let orpo = PreferenceLoss(
    "orpo", usesReference: false, comparesMeans: true, keys: [.likelihoodMean]
  ) { scores, settings in
    scores.likelihoodLosses - Float(settings.beta) * logSigmoid(scores.logOdds)
  }

  /// -(1 - e) ln s(beta (p_c - p_r)) - e ln s(-beta (p_c - p_r)) + alpha L, without a reference. Xu et al. 2024, "Contrastive
  /// Preference Optimization", equation 5.
  static let cpo = PreferenceLoss(
    "cpo", usesReference: false, keys: [.labelSmoothing, .cpoAlpha, .likelihoodMean]
  ) { scores, settings in
    let logits = Float(settings.beta) * (scores.first - scores.second)
    let smoothing = Float(settings.labelSmoothing)
    return -(1 - smoothing) * logSigmoid(logits) - smoothing * logSigmoid(-logits)
      + Float(settings.cpoAlpha) * scores.likelihoodLosses
  }

  /// L, to be added to another loss. Pang et al. 2024, "Iterative Reasoning Preference Optimization".
  static let sft = PreferenceLoss("sft", usesReference: false, keys: [.likelihoodMean]) { scores, _ in
    scores.likelihoodLosses
  }
}

extension AnswerScores {
  /// h = (p_c - q_c) - (p_r - q_r).
  var margin: Tensor { firstRatio - secondRatio }

  /// L.
  var likelihoodLosses: Tensor { stepLength.map { -first / $0 } ?? -first / firstLengths }

  /// ln(odds_c / odds_r), odds = P / (1 - P) of P = e^(p / n).
  var logOdds: Tensor {
    let (chosen, rejected) = (first / firstLengths, second / secondLengths)
    // A probability of 1 has finite odds: those of the largest one below it that a log-probability of a few tokens can have.
    func logComplement(_ x: Tensor) -> Tensor { logOneMinusExp(-relu(-x - 1e-9) - 1e-9) }
    return (chosen - rejected) - (logComplement(chosen) - logComplement(rejected))
  }
}
