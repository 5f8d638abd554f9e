import Autograd
import Corpus
import Files

/// Preference optimisation on single answers that are wanted or not.
///
/// With u = ln pi(y|x) - ln pi_ref(y|x) and s the logistic function, a wanted answer has the loss
/// w_d (1 - s(beta (u - z))), an unwanted one w_u (1 - s(beta (z - u))); z = max(0, mean of u over answers to other prompts) stands
/// for the divergence from the reference, is taken over a micro-batch, and passes no gradient on. Ethayarajh et al. 2024,
/// "KTO: Model Alignment as Prospect Theoretic Optimization", equation 8.
package struct KTO: Objective, Equatable {
  package static let name = "kto"
  package static let examples = ExampleKind.unpaired

  private let beta: Double
  private let desirableWeight: Double
  private let undesirableWeight: Double
  package let reference: ReferenceModel?

  package init(from section: inout SettingsSection) {
    beta = section.value("beta", .number(above: 0), default: 0.1, "How strongly the model is held to the reference")
    desirableWeight = section.value("desirable_weight", .number(from: 0), default: 1, "Weight of wanted answers")
    undesirableWeight = section.value("undesirable_weight", .number(from: 0), default: 1, "Weight of unwanted answers")
    reference = ReferenceModel(from: &section)
  }

  package init(beta: Double = 0.1, desirableWeight: Double = 1, undesirableWeight: Double = 1) {
    (self.beta, self.desirableWeight, self.undesirableWeight) = (beta, desirableWeight, undesirableWeight)
    reference = .start
  }

  package func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let scores = context.answerScores(batch)
    let divergence = max(0, scores.secondRatio.mean().scalar)
    let count = weight(of: batch)
    var measures = [Measure("kl", sum: Double(divergence) * count, weight: count)]
    let rewards = scores.firstRatio.detached().elements.map { beta * Double($0) }
    let logps = scores.first.detached().elements.map(Double.init)
    for (reward, (logp, isWanted)) in zip(rewards, zip(logps, scores.isFirstPreferred)) {
      let side = isWanted ? "chosen" : "rejected"
      measures.append(Measure("rewards/\(side)", sum: reward, weight: 1))
      measures.append(Measure("logps/\(side)", sum: logp, weight: 1))
    }
    return StepLoss(losses(scores, divergence: divergence).sum(), measures: measures)
  }

  /// The losses [P] of answers.
  package func losses(_ scores: AnswerScores, divergence: Float) -> Tensor {
    let signs = Tensor(scores.isFirstPreferred.map { $0 ? 1 : -1 }, shape: [scores.isFirstPreferred.count])
    let weights = Tensor(
      scores.isFirstPreferred.map { Float($0 ? desirableWeight : undesirableWeight) }, shape: signs.shape)
    return weights * (1 - sigmoid(Float(beta) * signs * (scores.firstRatio - divergence)))
  }

  /// The loss of answers to which the model and its reference give the same probabilities: half their weight.
  package var lossAtReference: Double? { desirableWeight == undesirableWeight ? desirableWeight / 2 : nil }
}
