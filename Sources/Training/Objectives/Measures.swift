/// A number worth reporting: a sum over examples, and what it is divided by to be a mean.
package struct Measure: Sendable, Equatable {
  package var name: String
  package var sum: Double
  package var weight: Double

  package init(_ name: String, sum: Double, weight: Double) {
    self.name = name
    self.sum = sum
    self.weight = weight
  }
}

/// The measures of a step or an evaluation, added up by name.
package struct Measures: Sendable, Equatable {
  private var sums: [Measure] = []

  package init() {}

  /// Adds to the sum and the weight of the measure of that name.
  package mutating func add(_ measure: Measure) {
    if let index = sums.firstIndex(where: { $0.name == measure.name }) {
      sums[index].sum += measure.sum
      sums[index].weight += measure.weight
    } else {
      sums.append(measure)
    }
  }

  /// Adds the loss of a micro-batch, under the name `loss`, and what was measured with it.
  ///
  /// - Parameter weight: what the loss is divided by to be a mean.
  package mutating func add(_ loss: StepLoss, weight: Double) {
    precondition(
      loss.measures.allSatisfy { $0.name != "loss" }, "an objective reports \"loss\", which is recorded anyway")
    add(Measure("loss", sum: loss.value, weight: weight))
    for measure in loss.measures { add(measure) }
  }

  /// The weighted mean of a name; nil if nothing was added.
  package subscript(name: String) -> Double? {
    sums.first { $0.name == name && $0.weight > 0 }.map { $0.sum / $0.weight }
  }

  /// All weighted means, in the order in which the names came up.
  package var means: [(name: String, value: Double)] {
    sums.filter { $0.weight > 0 }.map { ($0.name, $0.sum / $0.weight) }
  }
}
