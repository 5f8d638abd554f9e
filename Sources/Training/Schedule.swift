import Files
import Foundation

/// The shape of the learning rate from its peak (1) to its minimum (0), after the warm-up.
package protocol ScheduleShape: Sendable {
  /// The word that `schedule.name` chooses it by.
  static var name: String { get }
  init(from section: inout SettingsSection)
  /// The level between 0 and 1 at step index `step`, `warmup` <= `step` <= `steps`.
  func level(at step: Int, warmup: Int, steps: Int) -> Double
}

/// `schedule` in a recipe: the learning rate as a function of the step.
///
/// With i the 0-based index of the step, w the warm-up's steps and s the run's:
/// `rate(i) = peak (i + 1) / w` while i < w, then `minimum + (peak - minimum) level(i)`.
package struct Schedule: Sendable {
  package var shape: any ScheduleShape
  package var warmupSteps: Int
  /// The share of the run's steps that the warm-up takes, where that is given instead.
  package var warmupRatio: Double?
  package var minimumLearningRate: Double

  package init(from section: inout SettingsSection) {
    let kind = section.choice(
      "name", among: Registry.schedules, named: { $0.name }, default: Cosine.name, "The course after the warm-up")
    warmupSteps = section.value("warmup_steps", .integer(from: 0), default: 0, "Steps over which the rate rises")
    warmupRatio = section.optional(
      "warmup_ratio", .number(from: 0, to: 1),
      "Share of the run's steps over which the rate rises, instead of warmup_steps")
    minimumLearningRate = section.value(
      "min_learning_rate", .number(from: 0), default: 0, "The rate at the end of the run")
    shape = kind.init(from: &section)
    section.rule(
      "warmup_ratio", "warmup_steps", holds: warmupRatio == nil || warmupSteps == 0,
      "only one of \"warmup_steps\" and \"warmup_ratio\" may say how long the warm-up is")
  }

  /// The warm-up's steps in a run of `steps`: of a share as many as reach it, as transformers counts them.
  package func warmup(of steps: Int) -> Int {
    guard let warmupRatio else { return warmupSteps }
    return Int(exactly: (Double(steps) * warmupRatio).rounded(.up)) ?? steps
  }

  /// The learning rate of step index `step` of a run of `steps`; after the run, that of its end.
  package func learningRate(at step: Int, of steps: Int, peak: Double) -> Double {
    precondition(step >= 0 && steps > 0, "no learning rate for step \(step) of \(steps)")
    let warmup = warmup(of: steps)
    if step < warmup { return peak * Double(step + 1) / Double(warmup) }
    let level = warmup < steps ? shape.level(at: min(step, steps), warmup: warmup, steps: steps) : 1
    return minimumLearningRate + (peak - minimumLearningRate) * level
  }
}

/// Half a cosine: `(1 + cos(pi p)) / 2` with `p = (i - w) / (s - w)`, so that the minimum is reached at i = s.
package struct Cosine: ScheduleShape {
  package static let name = "cosine"

  package init(from section: inout SettingsSection) {}

  package func level(at step: Int, warmup: Int, steps: Int) -> Double {
    (1 + cos(Double.pi * Double(step - warmup) / Double(steps - warmup))) / 2
  }
}

/// A straight line: `1 - (i - w) / (s - w)`.
package struct Linear: ScheduleShape {
  package static let name = "linear"

  package init(from section: inout SettingsSection) {}

  package func level(at step: Int, warmup: Int, steps: Int) -> Double {
    Double(steps - step) / Double(steps - warmup)
  }
}

/// The peak to the end.
package struct Constant: ScheduleShape {
  package static let name = "constant"

  package init(from section: inout SettingsSection) {}

  package func level(at step: Int, warmup: Int, steps: Int) -> Double { 1 }
}

/// Warm-up, stable, decay: the peak until the last d steps, then a straight line, `(s - i) / d`.
package struct WarmupStableDecay: ScheduleShape {
  package static let name = "wsd"

  /// The share of the run's steps that the decay takes.
  package var decayFraction: Double
  /// The decay's steps, when they are given instead.
  package var decaySteps: Int?

  package init(from section: inout SettingsSection) {
    decaySteps = section.optional("decay_steps", .integer(), "Steps of the decay, instead of decay_fraction")
    decayFraction = section.value(
      "decay_fraction", .number(above: 0, to: 1), default: 0.1, "Share of the run's steps that the decay takes")
  }

  package func level(at step: Int, warmup: Int, steps: Int) -> Double {
    let wanted = decaySteps ?? (Int(exactly: (decayFraction * Double(steps)).rounded()) ?? steps)
    let decay = max(1, min(wanted, steps - warmup))
    return min(1, Double(steps - step) / Double(decay))
  }
}
