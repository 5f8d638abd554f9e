/// The losses and gradient norms of the last steps: what tells a spike, and a run that diverges, from the noise of batches.
package struct StepHistory: Sendable, Equatable {
  /// Those of the last steps that were no outliers, at most ``window`` of them.
  package private(set) var losses: [Double]
  package private(set) var norms: [Double]
  /// How many of the last steps in a row had a loss far above the past ones, and how many were skipped.
  package private(set) var farInARow: Int
  /// The steps since the first such loss of a stretch of them; 0 outside one. A stretch ends with ``calm`` other losses in a row.
  package private(set) var unsteady: Int
  private var calmInARow: Int
  package private(set) var skippedInARow: Int
  /// How many steps were skipped in the whole run.
  package private(set) var skipped: Int

  /// One batch that a ruined model happens to answer does not end a stretch; so many in a row do.
  package static let calm = 5
  /// How many steps are remembered.
  package static let window = 128
  /// So many steps are needed to know the noise.
  private static let fewest = 16

  package init(
    losses: [Double] = [], norms: [Double] = [], counts: [String: Int] = [:]
  ) {
    (self.losses, self.norms) = (losses, norms)
    func count(_ name: String) -> Int { max(0, counts[name] ?? 0) }
    (farInARow, unsteady, calmInARow) = (count("far_in_a_row"), count("unsteady"), count("calm_in_a_row"))
    (skippedInARow, skipped) = (count("skipped_in_a_row"), count("skipped"))
  }

  /// Every number but the losses and norms, by the name that a checkpoint has it under.
  package var counts: KeyValuePairs<String, Int> {
    [
      "far_in_a_row": farInARow, "unsteady": unsteady, "calm_in_a_row": calmInARow,
      "skipped_in_a_row": skippedInARow, "skipped": skipped,
    ]
  }

  /// The number of skipped steps alone.
  package var forgotten: StepHistory { StepHistory(counts: ["skipped": skipped]) }

  /// The usual loss; nil before the first step.
  package var medianLoss: Double? { losses.isEmpty ? nil : Self.median(losses) }

  /// Whether a loss lies more than `threshold` robust standard deviations above the past ones.
  ///
  /// The deviation is 1.4826 times the median distance from the median, and at least 0.1 and 5 % of the median: a loss that hardly
  /// varies may grow. Before the noise is known, only ten times the largest loss and ten more are far.
  package func isFar(_ loss: Double, threshold: Double) -> Bool {
    guard let median = medianLoss else { return false }
    if losses.count < Self.fewest { return loss > 10 * losses.reduce(0) { max($0, abs($1)) } + 10 }
    let spread = 1.4826 * Self.median(losses.map { abs($0 - median) })
    return loss > median + threshold * max(spread, 0.1 + 0.05 * abs(median))
  }

  /// Whether a loss or a gradient norm lies more than `threshold` standard deviations above the mean of the past ones, as in
  /// OLMo-core's skipped steps. After ten steps in a row the new level is taken for the usual one.
  package func isSpike(loss: Double, norm: Double, threshold: Double) -> Bool {
    guard losses.count >= Self.fewest, skippedInARow < 10 else { return false }
    func isAbove(_ value: Double, _ past: [Double]) -> Bool {
      let mean = past.reduce(0, +) / Double(past.count)
      let variance = past.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(past.count - 1)
      return value - mean > threshold * variance.squareRoot()
    }
    return isAbove(loss, losses) || isAbove(norm, norms)
  }

  /// Remembers a step, unless it is an outlier.
  package mutating func record(loss: Double, norm: Double, isFar: Bool, isSkipped: Bool) {
    farInARow = isFar ? farInARow + 1 : 0
    calmInARow = isFar || unsteady == 0 ? 0 : calmInARow + 1
    unsteady = calmInARow == Self.calm || !(isFar || unsteady > 0) ? 0 : unsteady + 1
    if unsteady == 0 { calmInARow = 0 }
    skippedInARow = isSkipped ? skippedInARow + 1 : 0
    if isSkipped { skipped += 1 }
    if isFar || isSkipped { return }
    losses.append(loss)
    norms.append(norm)
    if losses.count > Self.window {
      losses.removeFirst()
      norms.removeFirst()
    }
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}
