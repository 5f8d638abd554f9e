import Training

/// Watches the rewards of a preference run and warns about each problem once.
package struct PreferenceWatch {
  private var perfectSteps = 0
  private var firstChosen: Double?
  private var warned: Set<String> = []

  package init() {}

  /// Consecutive steps with every pair ranked right before a warning.
  private static let perfectRun = 30

  /// The warnings after a step.
  package mutating func observe(_ measures: Measures) -> [String] {
    guard let accuracy = measures["rewards/accuracies"], let chosen = measures["logps/chosen"] else { return [] }
    let start = firstChosen ?? chosen
    firstChosen = start
    perfectSteps = accuracy == 1 ? perfectSteps + 1 : 0
    var notes: [String] = []
    if perfectSteps == Self.perfectRun {
      notes += warning(
        "all pairs of the last \(Self.perfectRun) steps are ranked right: there is little left to learn, and going on may "
          + "overfit; fewer steps, a lower learning rate or a higher beta")
    }
    if chosen < 1.5 * start - 10 {
      notes += warning(
        "the log-probability of the chosen answers has fallen from \(Progress.fixed(start, 1)) to "
          + "\(Progress.fixed(chosen, 1)): the model forgets how to give them; a higher beta, a lower learning rate, or the "
          + "loss \"sft\" as a second term")
    }
    return notes
  }

  /// The warnings after an evaluation, the first of which may be before any step: margins are rounding errors then.
  package mutating func observe(evaluation measures: Measures, step: Int) -> [String] {
    guard step > 0, let margin = measures["rewards/margins"], margin < 0 else { return [] }
    // Answers without partners have no pairs that are ranked.
    guard measures["rewards/accuracies"] != nil else {
      return warning(
        "the margin of the held-out answers is negative (\(Progress.fixed(margin, 4))): the model prefers the unwanted answers; "
          + "look at what the data's labels mean, or lower the learning rate")
    }
    return warning(
      "the margin of the held-out pairs is negative (\(Progress.fixed(margin, 4))): the model prefers the rejected answers; "
        + "look at the data's order of chosen and rejected, or lower the learning rate")
  }

  private mutating func warning(_ text: String) -> [String] {
    warned.insert(String(text.prefix(30))).inserted ? ["warning: \(text)"] : []
  }
}
