import Autograd

/// What an objective makes of a micro-batch: the loss, which the trainer scales and records, and what else is worth
/// reporting.
package struct StepLoss {
  /// The sum of the losses of the micro-batch's tokens, or pairs, as a scalar: what is differentiated.
  package let sum: Tensor
  /// The same sum as it is recorded.
  package let value: Double
  /// What is recorded besides.
  package let measures: [Measure]
  /// What is recorded as the difference of two of them.
  package let differences: [MeasureDifference]

  /// - Parameter value: the sum of the losses where it is known more precisely than in 32 bits.
  package init(
    _ sum: Tensor, value: Double? = nil, measures: [Measure] = [],
    differences: [MeasureDifference] = []
  ) {
    self.sum = sum
    self.value = value ?? Double(sum.scalar)
    self.measures = measures
    self.differences = differences
  }
}
