import Files

extension Recipe {
  /// How often something is done on the way.
  package enum Interval: Sendable, Equatable {
    /// After every so many steps.
    case steps(Int)
    /// After every pass over the data.
    case epoch

    /// Whether it is time after `step`, with `samples` consumed out of epochs of `epoch`.
    func isDue(after step: Int, samples: Int, of epoch: Int) -> Bool {
      switch self {
      case .steps(let count): step.isMultiple(of: count)
      case .epoch: samples.isMultiple(of: epoch)
      }
    }
  }
}

extension SettingsType where Value == Recipe.Interval {
  /// A number of steps, or the word `epoch`.
  static var interval: Self {
    let steps = SettingsType<Int>.integer()
    return Self(
      "\(steps.expectation) or \"epoch\"", placeholder: .steps(1),
      schema: ["anyOf": [["const": "epoch"], steps.schema]],
      read: { $0.string == "epoch" ? Recipe.Interval.epoch : steps.read($0).map { Recipe.Interval.steps($0) } },
      write: { interval in
        switch interval {
        case .steps(let count): JSONValue(count)
        case .epoch: "epoch"
        }
      })
  }
}
