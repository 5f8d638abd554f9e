import Training

/// Looks at the rewards of a preference run for what its users should know, and says each thing once.
package struct PreferenceWatch {
  private var perfectSteps = 0
  private var firstChosen: Double?
  private var isTold: Set<String> = []

  package init() {}

  /// Steps in a row with every pair ranked right before that is worth saying.
  private static let perfectRun = 30

  /// What there is to say after a step.
  package mutating func observe(_ measures: Measures) -> [String] {
    guard let accuracy = measures["rewards/accuracies"], let chosen = measures["logps/chosen"] else { return [] }
    let start = firstChosen ?? chosen
    firstChosen = start
    perfectSteps = accuracy == 1 ? perfectSteps + 1 : 0
    var notes: [String] = []
    if perfectSteps == Self.perfectRun {
      notes += tell(
        "all pairs of the last \(Self.perfectRun) steps are ranked right: there is little left to learn, and going on may "
          + "overfit; fewer steps, a lower learning rate or a higher beta")
    }
    if chosen < 1.5 * start - 10 {
      notes += tell(
        "the log-probability of the chosen answers has fallen from \(Progress.fixed(start, 1)) to "
          + "\(Progress.fixed(chosen, 1)): the model forgets how to give them; a higher beta, a lower learning rate, or the "
          + "loss \"sft\" as a second term")
    }
    return notes
  }

  /// What there is to say after an evaluation.
  package mutating func observe(evaluation measures: Measures) -> [String] {
    guard let margin = measures["rewards/margins"], margin < 0 else { return [] }
    return tell(
      "the margin of the held-out pairs is negative (\(Progress.fixed(margin, 4))): the model prefers the rejected answers; "
        + "look at the data's order of chosen and rejected, or lower the learning rate")
  }

  private mutating func tell(_ text: String) -> [String] {
    isTold.insert(String(text.prefix(30))).inserted ? ["warning: \(text)"] : []
  }
}
