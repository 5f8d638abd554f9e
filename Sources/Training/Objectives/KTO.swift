import Autograd
import Corpus
import Files

/// Preference optimisation on single answers that are wanted or not.
///
/// With u = ln pi(y|x) - ln pi_ref(y|x) and s the logistic function, a wanted answer has the loss
/// w_d (1 - s(beta (u - z))), an unwanted one w_u (1 - s(beta (z - u))). z = max(0, mean of u over the step's prompts, each with
/// another's answer) stands for the divergence from the reference and passes no gradient on. Ethayarajh et al. 2024, "KTO: Model
/// Alignment as Prospect Theoretic Optimization", equation 8; the pairs are those of TRL, with the whole step as the batch.
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
    section.rule(
      "desirable_weight", "undesirable_weight", holds: desirableWeight + undesirableWeight > 0,
      "desirable_weight and undesirable_weight are both 0: nothing is trained")
  }

  package init(beta: Double = 0.1, desirableWeight: Double = 1, undesirableWeight: Double = 1) {
    (self.beta, self.desirableWeight, self.undesirableWeight) = (beta, desirableWeight, undesirableWeight)
    reference = .start
  }

  package var needsReferenceInSteps: Bool { true }

  /// u summed over the prompts with other answers.
  package func stepMean(of batch: Batch, _ context: StepContext) -> Measure? {
    var share = Measure("kl", sum: 0, weight: 0)
    for other in batch.mismatched {
      let own = context.answerLogProbabilities(other).elements
      let reference = context.reference.map { StepContext($0).answerLogProbabilities(other).elements }
      for index in own.indices { share.sum += Double(own[index]) - Double(reference?[index] ?? 0) }
      share.weight += Double(own.count)
    }
    return share
  }

  package func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let divergence = max(0, context.stepMean ?? 0)
    let count = weight(of: batch)
    var measures = [Measure("kl", sum: divergence * count, weight: count)]
    let scores = context.answerLogProbabilities(batch)
    let isWanted = batch.answers.map(\.isPreferred)
    let ratios = scores - referenceScores(batch)
    for ((ratio, score), isWanted) in zip(zip(ratios.detached().elements, scores.detached().elements), isWanted) {
      let side = isWanted ? "chosen" : "rejected"
      measures.append(Measure("rewards/\(side)", sum: beta * Double(ratio), weight: 1))
      measures.append(Measure("logps/\(side)", sum: Double(score), weight: 1))
    }
    return StepLoss(
      losses(ratios, isWanted: isWanted, divergence: Float(divergence)).sum(), measures: measures,
      differences: [MeasureDifference("rewards/margins", "rewards/chosen", less: "rewards/rejected")])
  }

  private func referenceScores(_ batch: Batch) -> Tensor {
    let scores = batch.answers.compactMap(\.reference)
    precondition(
      scores.count == batch.answers.count,
      "the reference model has scored \(scores.count) of \(batch.answers.count) answers")
    return Tensor(scores.map(Float.init), shape: [scores.count])
  }

  /// The losses [P] of answers with the log-ratios u.
  package func losses(_ ratios: Tensor, isWanted: [Bool], divergence: Float) -> Tensor {
    let signs = Tensor(isWanted.map { $0 ? 1 : -1 }, shape: [isWanted.count])
    let weights = Tensor(isWanted.map { Float($0 ? desirableWeight : undesirableWeight) }, shape: signs.shape)
    return weights * (1 - sigmoid(Float(beta) * signs * (ratios - divergence)))
  }

  package var lossAtReferenceTolerance: Double { 1e-4 * max(1, 10 * beta) }

  /// The loss of answers to which the model and its reference give the same probabilities: half their weight.
  package var lossAtReference: Double? { desirableWeight == undesirableWeight ? desirableWeight / 2 : nil }
}
