import Files
import Foundation
import Kernels
import Machine

/// The real training step of a recipe on random tokens, timed.
package struct Benchmark: Sendable {
  /// Seconds of each timed step, in order.
  package let steps: [Double]
  package let tokensPerStep: Int
  package let parameters: Int
  package let flopsPerStep: Double
  /// Floating point operations a second of a large matrix product, measured in the same call.
  package let peak: Double
  /// The process's largest resident size after two steps, in bytes: the third uses the same memory again.
  package let peakMemory: Int
  package let loss: Double
  /// What the kernels of the timed steps took together, the longest first; empty unless it was asked for.
  package let profile: [Profile.Entry]
  /// Seconds of a step that does nothing but its matrix products, each as fast as it is alone, and that step's share of the
  /// real one; nil unless profiled.
  package let limit: (seconds: Double, share: Double)?

  /// The speed to expect on the numbers of cores that were asked for; nil if none were.
  package let scaling: CoreScaling?

  /// Times `count` steps of `recipe` after two that are not counted; with `profiled` also the kernels of those steps, and for
  /// each of `cores` as many traced steps.
  ///
  /// - Throws: `.recipe` for a model that is not described, and for an objective that scores answers.
  package init(_ recipe: Recipe, steps count: Int, profiled: Bool = false, cores: [Int] = []) throws(Failure) {
    guard let description = recipe.model.description, let length = recipe.data.sequenceLength else {
      throw Failure(
        .recipe, "a benchmark needs a model that is described", notes: ["\"model.from\" names a checkpoint"])
    }
    guard recipe.examples.answersPerSample == 0 else {
      throw Failure(
        .recipe, "a benchmark takes steps on random tokens, and the task \"\(recipe.task.rawValue)\" needs answers",
        notes: ["task=pretrain with ~objective times the model of the recipe"])
    }
    try recipe.checkMemory()
    if let threads = recipe.threads { Parallel.threads = threads }
    var source = RandomTokenSteps(recipe, description, length: length)
    func takeSteps(_ count: Int) throws(Failure) -> [Double] {
      var seconds: [Double] = []
      for _ in 0..<count { seconds.append(try source.seconds()) }
      return seconds
    }
    _ = try takeSteps(2)
    // Read before the products are measured, which takes room of its own.
    peakMemory = SystemMemory.peakResident
    let rounds =
      profiled ? try Self.rounds(of: count, takeSteps) : [Round(steps: try takeSteps(count), profile: [], limit: 0)]
    steps = rounds.flatMap(\.steps)
    profile = Profile.sum(rounds.map(\.profile))
    limit =
      profiled
      ? (rounds.map(\.limit).median, rounds.flatMap { round in round.steps.map { round.limit / $0 } }.median) : nil
    scaling = cores.isEmpty ? nil : try CoreScaling(cores: cores, steps: count, &source)
    tokensPerStep = recipe.training.batchSize * length
    parameters = source.trainer.model.parameterCount
    flopsPerStep = source.trainer.model.trainingFLOPs(tokens: tokensPerStep, length: length)
    peak = GEMMPeak.measure(recipe.training.precision, duration: 0.3)
    loss = source.loss
  }

  /// Some steps and, right after them, what limits them: on a machine that is shared, minutes are not alike.
  private struct Round {
    let steps: [Double]
    let profile: [Profile.Entry]
    let limit: Double
  }

  private static func rounds(of count: Int, _ takeSteps: (Int) throws(Failure) -> [Double]) throws(Failure) -> [Round] {
    let number = min(count, 6)
    var rounds: [Round] = []
    for round in 0..<number {
      var steps: [Double] = []
      let profile = try Profile.entries { () throws(Failure) in
        steps = try takeSteps(count * (round + 1) / number - count * round / number)
      }
      rounds.append(Round(steps: steps, profile: profile, limit: GEMMPeak.limit(of: profile, steps: steps.count)))
    }
    return rounds
  }

  /// Median, least and greatest number of tokens a second.
  package var tokensPerSecond: (median: Double, least: Double, greatest: Double) {
    let tokens = Double(tokensPerStep)
    return (tokens / steps.median, tokens / steps.max()!, tokens / steps.min()!)
  }

  /// Floating point operations a second of the median step.
  package var flopsPerSecond: Double { flopsPerStep / Double(tokensPerStep) * tokensPerSecond.median }
}
