/// The losses and gradient norms of the last steps: what tells a spike, and a run that diverges, from the noise of batches.
package struct StepHistory: Sendable, Equatable {
  /// Those of the last steps that were no outliers, at most ``window`` of them.
  package private(set) var losses: [Double]
  package private(set) var norms: [Double]
  /// How many of the last steps in a row had a loss far above the past ones, and how many were skipped.
  package private(set) var farInARow: Int
  package private(set) var skippedInARow: Int
  /// How many steps were skipped in the whole run.
  package private(set) var skipped: Int

  /// How many steps are remembered.
  package static let window = 128
  /// So many steps are needed to know the noise.
  private static let fewest = 16

  package init(
    losses: [Double] = [], norms: [Double] = [], farInARow: Int = 0, skippedInARow: Int = 0, skipped: Int = 0
  ) {
    (self.losses, self.norms) = (losses, norms)
    (self.farInARow, self.skippedInARow, self.skipped) = (farInARow, skippedInARow, skipped)
  }

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
