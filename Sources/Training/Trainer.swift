import Autograd
import Corpus
import Files
import Kernels
import Models
import Numerics

/// Takes training steps: loss, gradients, clipping, update.
package final class Trainer {
  /// What a step did.
  package struct Report: Sendable {
    /// The step's number, from 1.
    package let step: Int
    /// The objective's measures over the whole batch, before the update.
    package let measures: Measures
    /// The global norm of the gradient before clipping.
    package let gradientNorm: Double
    package let learningRate: Double
    /// Whether the gradient was left unused.
    package let isSkipped: Bool
    /// Tokens read, supervised or not.
    package let tokens: Int
    package var loss: Double { measures["loss"] ?? .nan }
  }

  package let model: any LanguageModel
  package let objective: any Objective
  package let optimizer: any Optimizer
  /// How many steps have been taken, skipped ones among them; set when a checkpoint is read.
  package var stepCount = 0
  private let gradients: Gradients
  /// What switches the adapters of the model; nil if it has none.
  private let adapters: AdapterSwitch?

  /// The trained parameters of the model, in the optimizer's order.
  package var parameters: [Parameter] { gradients.parameters }
  private let maximumNorm: Double
  private let recompute: Bool
  private let seed: UInt64
  /// The model that the objective compares with, where it scores answers that only a step brings together.
  package var reference: (any LanguageModel)?

  /// A trainer of the parameters of `model` that are trained now; `seed` is that of all that is drawn.
  package init(
    _ model: any LanguageModel, objective: any Objective, optimizer: any OptimizerSettings, maximumNorm: Double,
    recompute: Bool = false, seed: UInt64 = 0
  ) {
    self.model = model
    self.objective = objective
    self.maximumNorm = maximumNorm
    self.recompute = recompute
    self.seed = seed
    gradients = Gradients(of: model.parameters)
    adapters = model.adapterSwitch
    self.optimizer = optimizer.make(for: gradients.parameters, seed: seed)
  }

  /// One step on a batch given as the micro-batches `parts`. The weight of all of them is counted first, so that one
  /// division is right for any masks and any split.
  ///
  /// A step whose loss or gradient norm is a spike beside those of the `past` changes nothing but its number. `isCancelled` is asked between the parts of a step; once it says so, the step is dropped and the result is nil.
  ///
  /// - Throws: `.numerics` if the loss or the gradient is not finite; the parameters are then as before.
  package func step(
    _ parts: [Batch], learningRate: Double, past: StepHistory = StepHistory(),
    skippingSpikesOver spikeThreshold: Double? = nil,
    isCancelled: () -> Bool = { false }
  ) throws(Failure) -> Report? {
    let weights = parts.map(objective.weight)
    let weight = weights.reduce(0, +)
    let scale = weight > 0 ? Float(1 / weight) : 0
    var measures = Measures()
    defer {
      // Evaluation and checkpoints between two steps have their memory.
      gradients.clear()
      adapters?.dropoutSeed = nil
    }
    guard var context = context(of: parts, isCancelled) else { return nil }
    for (index, part) in parts.enumerated() {
      if isCancelled() { return nil }
      context.noiseSeed = noiseSeed(part: index)
      adapters?.dropoutSeed = noiseSeed(part: index)
      _ = gradients.add(scaledBy: scale) {
        let loss = objective.loss(part, context)
        measures.add(loss, weight: weights[index])
        return loss.sum
      }
    }
    let norm = gradients.globalNorm
    guard norm.isFinite, measures["loss"]?.isFinite ?? true else {
      throw failure(parts, loss: measures["loss"], norm: norm)
    }
    let isSkipped = spikeThreshold.map { past.isSpike(loss: measures["loss"] ?? 0, norm: norm, threshold: $0) } ?? false
    if !isSkipped {
      let clip = maximumNorm > 0 && norm > maximumNorm ? maximumNorm / (norm + 1e-6) : 1
      optimizer.step(gradients, learningRate: learningRate, gradientScale: clip)
    }
    stepCount += 1
    return Report(
      step: stepCount, measures: measures, gradientNorm: norm, learningRate: learningRate, isSkipped: isSkipped,
      tokens: parts.reduce(0) { $0 + $1.tokenCount })
  }

  /// Throws `.numerics` where an update has made a parameter infinite or no number: such a model is not worth saving.
  package func checkFinite() throws(Failure) {
    guard let bad = model.trainedParameters.first(where: { !$0.value.isFinite }) else { return }
    throw Failure(
      .numerics, "the update made parameter \"\(bad.name)\" infinite", at: "step \(optimizer.stepCount)",
      notes: ["lower optimizer.learning_rate, or lengthen schedule.warmup_steps"])
  }

  /// What the losses of a step are computed with, once the mean that they depend on is known; nil if the step is cancelled.
  private func context(of parts: [Batch], _ isCancelled: () -> Bool) -> StepContext? {
    var context = StepContext(model, recompute: recompute, reference: reference)
    var shares = Measures()
    for part in parts {
      if isCancelled() { return nil }
      guard let share = objective.stepMean(of: part, context) else { break }
      shares.add(share)
    }
    context.stepMean = shares.means.first?.value
    return context
  }

  /// A seed of its own for each micro-batch: a function of the run's seed and the step, so that a resumed run draws the same.
  private func noiseSeed(part: Int) -> UInt64 {
    SplitMix64.mixed(seed &+ SplitMix64.increment &* (UInt64(stepCount) << 20 | UInt64(part)))
  }

  /// Says where the first number that is not finite came from, by running the step's forward pass again.
  private func failure(_ parts: [Batch], loss: Double?, norm: Double) -> Failure {
    let operation = FiniteCheck.firstCulprit {
      guard var context = context(of: parts, { false }) else { return }
      for (index, part) in parts.enumerated() {
        context.noiseSeed = noiseSeed(part: index)
        _ = objective.loss(part, context)
      }
    }
    let parameters = model.trainedParameters
    let bad = parameters.first { !$0.value.isFinite }.map { "parameter \"\($0.name)\" is not finite" }
    let gradient = parameters.first { gradients[$0.parameter].map { !$0.isFinite } ?? false }
      .map { "the gradient of \"\($0.name)\" is not finite" }
    return Failure(
      .numerics, "the loss or its gradient is not finite", at: "step \(stepCount + 1)",
      notes: [
        operation.map { "first in operation \"\($0)\" of the forward pass" } ?? "the forward pass is finite", bad,
        gradient,
        "loss \(loss.map { "\($0)" } ?? "none"), gradient norm \(norm)",
        "lower optimizer.learning_rate, lengthen schedule.warmup_steps, or look at the batch; no parameter was changed",
      ].compactMap { $0 })
  }
}

extension Gradients {
  /// The square root of the sum of the squares of all gradients, summed in Double in a fixed order.
  package var globalNorm: Double {
    parameters.reduce(0) { total, parameter in
      total + (self[parameter].map { squaredNorm($0.buffer) } ?? 0)
    }.squareRoot()
  }
}
