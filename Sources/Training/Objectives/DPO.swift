import Autograd
import Corpus
import Files

/// Preference optimisation on ranked pairs of answers: a weighted sum of losses of pairs, a mean over all pairs of the step.
///
/// Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", and its relatives in
/// `PreferenceLosses.swift`.
package struct DPO: Objective {
  package static let name = "dpo"
  package static let examples = ExampleKind.pairs

  private let losses: [(loss: PreferenceLoss, weight: Double)]
  private let settings: PreferenceSettings
  private let compared: ReferenceModel

  package init(from section: inout SettingsSection) {
    let terms = section.value(
      "loss_type", .lossTerms, default: [LossTerm(name: "sigmoid", weight: 1)], LossTerm.summary)
    losses = terms.map { (PreferenceLoss.named($0.name) ?? .sigmoid, $0.weight) }
    settings = PreferenceSettings(
      beta: section.value("beta", .number(above: 0), default: 0.1, "How strongly the model is held to the reference"),
      labelSmoothing: section.value(
        "label_smoothing", .number(from: 0, below: 0.5), default: 0, "Share of pairs taken to be the wrong way round"),
      simPOGamma: section.value("simpo_gamma", .number(from: 0), default: 0.5, "Margin that loss \"simpo\" asks for"),
      cpoAlpha: section.value("cpo_alpha", .number(from: 0), default: 1, "Weight of the likelihood in loss \"cpo\""))
    compared = ReferenceModel(from: &section)
  }

  package init(
    losses: [(loss: PreferenceLoss, weight: Double)] = [(.sigmoid, 1)],
    settings: PreferenceSettings = PreferenceSettings()
  ) {
    self.losses = losses
    self.settings = settings
    compared = .start
  }

  package var reference: ReferenceModel? { losses.contains { $0.loss.usesReference } ? compared : nil }

  package func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let scores = context.answerScores(batch)
    let pairs = weight(of: batch)
    let (chosen, rejected) = rewards(scores)
    let margins = zip(chosen, rejected).map { $0 - $1 }
    let measures: [(name: String, values: [Double])] = [
      ("rewards/chosen", chosen), ("rewards/rejected", rejected), ("rewards/margins", margins),
      ("rewards/accuracies", margins.map { $0 > 0 ? 1 : 0 }), ("logps/chosen", scores.first.elements.map(Double.init)),
      ("logps/rejected", scores.second.elements.map(Double.init)),
    ]
    return StepLoss(
      loss(scores).sum(), measures: measures.map { Measure($0.name, sum: $0.values.reduce(0, +), weight: pairs) })
  }

  /// The losses [P] of the pairs.
  package func loss(_ scores: AnswerScores) -> Tensor {
    var total: Tensor?
    for (loss, weight) in losses {
      let term = loss.losses(scores, settings) * Float(weight)
      total = total.map { $0 + term } ?? term
    }
    return total!
  }

  /// What the pairs' answers are worth to the model, as the first of the losses rewards them.
  private func rewards(_ scores: AnswerScores) -> (chosen: [Double], rejected: [Double]) {
    func scaled(_ values: Tensor) -> [Double] { values.detached().elements.map { settings.beta * Double($0) } }
    return switch losses[0].loss.reward {
    case .ratio: (scaled(scores.firstRatio), scaled(scores.secondRatio))
    case .sum: (scaled(scores.first), scaled(scores.second))
    case .mean: (scaled(scores.first / scores.firstLengths), scaled(scores.second / scores.secondLengths))
    }
  }

  /// The loss of a pair to which the model and its reference give the same probabilities: ln 2 for `sigmoid`. Nil where
  /// that is not all the loss depends on.
  package var lossAtReference: Double? {
    guard losses.allSatisfy({ $0.loss.usesReference }) else { return nil }
    let zero = Tensor(repeating: 0, shape: [1])
    let one = Tensor(repeating: 1, shape: [1])
    let same = AnswerScores(
      first: zero, second: zero, reference: (zero, zero), firstLengths: one, secondLengths: one,
      isFirstPreferred: [true])
    return Double(loss(same).elements[0])
  }
}

/// A term of `loss_type`.
private struct LossTerm: Sendable {
  var name: String
  var weight: Double

  static let summary = "The loss, or several with weights: [[\"sigmoid\", 1], [\"sft\", 0.2]]"

  init(name: String, weight: Double) { (self.name, self.weight) = (name, weight) }

  /// A name, or a pair of a name and a weight.
  init?(_ value: JSONValue) {
    let parts = value.array ?? [value, 1]
    guard parts.count == 2, let name = parts[0].string, PreferenceLoss.named(name) != nil,
      let weight = parts[1].double, weight.isFinite, weight > 0
    else { return nil }
    self.init(name: name, weight: weight)
  }
}

extension SettingsType where Value == [LossTerm] {
  /// A name, or a list of names and of pairs of a name and a weight.
  fileprivate static var lossTerms: Self {
    let names = PreferenceLoss.all.map { "\"\($0.name)\"" }.joined(separator: ", ")
    return Self(
      "one of \(names), or a list of them, each alone or with its weight: [\"sigmoid\", 1.0]",
      placeholder: [LossTerm(name: "sigmoid", weight: 1)],
      read: { value in
        if let single = LossTerm(value) { return [single] }
        guard let items = value.array, !items.isEmpty else { return nil }
        let terms = items.compactMap(LossTerm.init)
        return terms.count == items.count ? terms : nil
      },
      write: { terms in
        if terms.count == 1, terms[0].weight == 1 { return JSONValue(terms[0].name) }
        return JSONValue(terms.map { JSONValue([JSONValue($0.name), JSONValue($0.weight)]) })
      })
  }
}
