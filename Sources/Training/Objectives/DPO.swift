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
    settings = PreferenceSettings(from: &section)
    compared = ReferenceModel(from: &section)
    checkKeys(section)
  }

  /// Refuses keys that none of the losses reads, and numbers that one of them cannot have.
  private func checkKeys(_ section: SettingsSection) {
    let names = losses.map { "\"\($0.loss.name)\"" }.joined(separator: ", ")
    for key in PreferenceLoss.Key.allCases {
      let readers = PreferenceLoss.all.filter { $0.keys.contains(key) }.map { "\"\($0.name)\"" }
      section.rule(
        key.rawValue, "loss_type",
        holds: !section.has(key.rawValue) || losses.contains { $0.loss.keys.contains(key) },
        "\(key.rawValue) has no effect on loss \(names): leave it out (~objective.\(key.rawValue)), or choose a loss that reads "
          + "it: \(readers.joined(separator: ", "))")
    }
    section.rule(
      "label_smoothing", "loss_type",
      holds: settings.labelSmoothing > 0 || !losses.contains { $0.loss.name == "exo_pair" },
      "loss \"exo_pair\" needs a label_smoothing above 0: without one it is infinite; 1e-3 is usual")
    section.rule(
      "reference", "loss_type", holds: compared == .start || reference != nil,
      "reference has no effect on loss \(names), which compares with no reference: leave it out (~objective.reference)")
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

  /// The lengths of the chosen answers, where likelihoods are means over all their tokens.
  package func stepMean(of batch: Batch, _ context: StepContext) -> Measure? {
    guard settings.likelihoodMean == .token else { return nil }
    let tokens = batch.answers.reduce(0) { $0 + ($1.isPreferred ? $1.places.count : 0) }
    return Measure("chosen_length", sum: Double(tokens), weight: weight(of: batch))
  }

  package func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    var scores = context.answerScores(batch)
    scores.stepLength = context.stepMean.map { Float($0) }
    let pairs = weight(of: batch)
    let logps = reportedScores(scores)
    let (chosen, rejected) = rewards(scores, logps)
    let margins = zip(chosen, rejected).map { $0 - $1 }
    let measures: [(name: String, values: [Double])] = [
      ("rewards/chosen", chosen), ("rewards/rejected", rejected), ("rewards/margins", margins),
      ("rewards/accuracies", margins.map { $0 > 0 ? 1 : 0 }), ("logps/chosen", logps.chosen),
      ("logps/rejected", logps.rejected),
      ("logps/accuracies", zip(logps.chosen, logps.rejected).map { $0 > $1 ? 1 : 0 }),
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

  /// The answers' log-probabilities as TRL reports them: per token where the losses have no reference and compare such means.
  private func reportedScores(_ scores: AnswerScores) -> (chosen: [Double], rejected: [Double]) {
    func numbers(_ values: Tensor) -> [Double] { values.detached().elements.map(Double.init) }
    guard reference == nil, losses.contains(where: \.loss.comparesMeans) else {
      return (numbers(scores.first), numbers(scores.second))
    }
    return (numbers(scores.first / scores.firstLengths), numbers(scores.second / scores.secondLengths))
  }

  /// What the pairs' answers are worth to the model, in whatever order the losses are given: beta times the log-ratio where one
  /// of them has a reference, else times the log-probability that is reported.
  private func rewards(
    _ scores: AnswerScores, _ logps: (chosen: [Double], rejected: [Double])
  ) -> (chosen: [Double], rejected: [Double]) {
    func scaled(_ values: [Double]) -> [Double] { values.map { settings.beta * $0 } }
    guard reference != nil else { return (scaled(logps.chosen), scaled(logps.rejected)) }
    func ratios(_ values: Tensor) -> [Double] { scaled(values.detached().elements.map(Double.init)) }
    return (ratios(scores.firstRatio), ratios(scores.secondRatio))
  }

  package var lossAtReferenceTolerance: Double { 1e-4 * max(1, 10 * settings.beta) }

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
    let name: JSONValue = ["enum": JSONValue(PreferenceLoss.all.map { JSONValue($0.name) })]
    let weight: JSONValue = ["type": "number", "exclusiveMinimum": 0]
    let pair: JSONValue = ["type": "array", "items": [name, weight], "minItems": 2, "maxItems": 2]
    return Self(
      "one of \(names), or a list of them, each alone or with its weight: [\"sigmoid\", 1.0]",
      placeholder: [LossTerm(name: "sigmoid", weight: 1)],
      schema: ["anyOf": [name, pair, ["type": "array", "items": ["anyOf": [name, pair]], "minItems": 1]]],
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
