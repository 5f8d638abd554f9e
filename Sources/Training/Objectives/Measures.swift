import Communication

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

/// The difference of two means, where both are there.
package struct MeasureDifference: Sendable, Equatable {
  package var name: String
  package var minuend: String
  package var subtrahend: String

  package init(_ name: String, _ minuend: String, less subtrahend: String) {
    (self.name, self.minuend, self.subtrahend) = (name, minuend, subtrahend)
  }
}

/// The measures of a step or an evaluation, added up by name.
package struct Measures: Sendable, Equatable {
  private var sums: [Measure] = []
  private var differences: [MeasureDifference] = []

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
    for difference in loss.differences where !differences.contains(difference) { differences.append(difference) }
  }

  /// The weighted mean of a name, or the difference of two; nil if nothing was added.
  package subscript(name: String) -> Double? {
    if let sum = sums.first(where: { $0.name == name }) { return sum.weight > 0 ? sum.sum / sum.weight : nil }
    guard let difference = differences.first(where: { $0.name == name }), let minuend = self[difference.minuend],
      let subtrahend = self[difference.subtrahend]
    else { return nil }
    return minuend - subtrahend
  }

  /// All weighted means in the order in which the names came up, and then the differences.
  package var means: [(name: String, value: Double)] {
    (sums.map(\.name) + differences.map(\.name)).compactMap { name in self[name].map { (name, $0) } }
  }
}

extension Measures {
  /// Adds those of another rank, or of another part.
  package mutating func add(_ other: Measures) {
    for measure in other.sums { add(measure) }
    for difference in other.differences where !differences.contains(difference) { differences.append(difference) }
  }

  /// Appends all of it to a message to other ranks.
  package func append(to message: inout Message) {
    message.append(sums.count)
    for measure in sums {
      message.append(measure.name)
      message.append(measure.sum)
      message.append(measure.weight)
    }
    message.append(differences.count)
    for difference in differences {
      for name in [difference.name, difference.minuend, difference.subtrahend] { message.append(name) }
    }
  }

  /// Reads what `append` has written.
  package init(_ message: inout Message) {
    for _ in 0..<message.integer() {
      let name = message.string()
      let sum = message.double()
      sums.append(Measure(name, sum: sum, weight: message.double()))
    }
    for _ in 0..<message.integer() {
      let name = message.string()
      let minuend = message.string()
      differences.append(MeasureDifference(name, minuend, less: message.string()))
    }
  }
}
