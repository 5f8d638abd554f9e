import Autograd
import Communication
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
  /// The processes that take each step together, each with its own samples.
  package let ranks: any Communicator
  /// The parts of parameters that this process updates and has the moments of, in the optimizer's order.
  package let parts: [ParameterPart]
  /// Whether each rank has the moments of its own parts alone.
  package let isSharded: Bool
  /// How gradients and weights travel; nil for one process.
  let layout: BucketLayout?
  private let exchange: GradientExchange?
  /// The numbers of the parameters that no loss of the step depended on, on any rank.
  private var absent: [Int] = []
  private let maximumNorm: Double
  private let recompute: Bool
  private let seed: UInt64
  /// The model that the objective compares with, where it scores answers that only a step brings together.
  package var reference: (any LanguageModel)?

  /// A trainer of the parameters of `model` that are trained now; `seed` is that of all that is drawn.
  ///
  /// - Parameter team: the processes that train, each with a trainer of the same model.
  package init(
    _ model: any LanguageModel, objective: any Objective, optimizer: any OptimizerSettings, maximumNorm: Double,
    recompute: Bool = false, seed: UInt64 = 0, over team: TrainingRanks = .solo
  ) {
    precondition(!team.shardsState || optimizer.isElementwise, "the optimizer needs whole parameters")
    let ranks = team.communicator
    self.model = model
    self.objective = objective
    self.maximumNorm = maximumNorm
    self.recompute = recompute
    self.seed = seed
    self.ranks = ranks
    gradients = Gradients(of: model.parameters)
    adapters = model.adapterSwitch
    let trained = gradients.parameters
    isSharded = team.shardsState && !ranks.isSolo
    layout =
      ranks.isSolo
      ? nil : BucketLayout(of: trained.map(\.shape.count), ranks: ranks.count, bucketSize: team.bucketSize)
    exchange = layout.map { GradientExchange($0, parameters: trained.count, ranks) }
    if isSharded, let layout {
      parts = layout.runs(of: ranks.rank).map {
        ParameterPart(trained[$0.parameter], number: $0.parameter, range: $0.range)
      }
    } else {
      parts = trained.enumerated().map { ParameterPart(whole: $1, number: $0) }
    }
    self.optimizer = optimizer.make(for: parts, seed: seed)
  }

  /// One step on a batch given as the micro-batches `parts`, those of this rank's samples. The weight of all of them, on all
  /// ranks, is counted first, so that one division is right for any masks and any split.
  ///
  /// A step whose loss or gradient norm is a spike beside those of the `past` changes nothing but its number. `isCancelled` is
  /// asked between the parts of a step; once it says so on any rank, the step is dropped and the result is nil on all.
  ///
  /// - Throws: `.numerics` if the loss or the gradient is not finite; the parameters are then as before.
  package func step(
    _ parts: [Batch], learningRate: Double, past: StepHistory = StepHistory(),
    skippingSpikesOver spikeThreshold: Double? = nil,
    isCancelled: () -> Bool = { false }
  ) throws(Failure) -> Report? {
    defer {
      // Evaluation and checkpoints between two steps have their memory.
      gradients.clear()
      adapters?.dropoutSeed = nil
    }
    guard let (context, beginning) = try context(of: parts, isCancelled) else { return nil }
    let local = try losses(of: parts, context, beginning, isCancelled)
    guard let (measures, norm) = try together(local) else { return nil }
    guard norm.isFinite, measures["loss"]?.isFinite ?? true else {
      throw failure(parts, context, loss: measures["loss"], norm: norm, partsBefore: beginning.partsBefore)
    }
    let isSkipped = spikeThreshold.map { past.isSpike(loss: measures["loss"] ?? 0, norm: norm, threshold: $0) } ?? false
    if !isSkipped {
      let clip = maximumNorm > 0 && norm > maximumNorm ? maximumNorm / (norm + 1e-6) : 1
      try update(learningRate: learningRate, gradientScale: clip)
    }
    stepCount += 1
    return Report(
      step: stepCount, measures: measures, gradientNorm: norm, learningRate: learningRate, isSkipped: isSkipped,
      tokens: beginning.tokens)
  }

  /// The gradients of this rank's micro-batches, and what was measured; no measures if the step is cancelled.
  private func losses(
    of parts: [Batch], _ context: StepContext, _ beginning: StepBeginning, _ isCancelled: () -> Bool
  ) throws(Failure) -> Measures? {
    var (measures, context) = (Measures(), context)
    let scale = beginning.weight > 0 ? Float(1 / beginning.weight) : 0
    for (index, part) in parts.enumerated() {
      if isCancelled() { return nil }
      let seed = noiseSeed(part: beginning.partsBefore + index)
      context.noiseSeed = seed
      adapters?.dropoutSeed = seed
      let watch = index == parts.count - 1 ? exchange?.watch(gradients) : nil
      _ = gradients.add(scaledBy: scale, watch: watch) {
        let loss = objective.loss(part, context)
        measures.add(loss, weight: objective.weight(of: part))
        return loss.sum
      }
    }
    return measures
  }

  /// The measures and the gradient's norm of all ranks; nil if the step is cancelled on any. The sums of the gradients then stand
  /// where this rank updates.
  private func together(_ local: Measures?) throws(Failure) -> (Measures, norm: Double)? {
    guard let exchange, let layout else { return local.map { ($0, gradients.globalNorm) } }
    try exchange.finish(gradients)
    let own = layout.runs(of: ranks.rank).reduce(0) { sum, run in
      sum + (gradients[gradients.parameters[run.parameter]].map { squaredNorm($0.buffer[run.range]) } ?? 0)
    }
    let outcome = try StepOutcome(
      measures: local ?? Measures(), squaredNorm: own, hasGradient: exchange.hasGradient, isCancelled: local == nil,
      ranks)
    if outcome.isCancelled { return nil }
    absent = outcome.hasGradient.indices.filter { !outcome.hasGradient[$0] }
    return (outcome.measures, outcome.squaredNorm.squareRoot())
  }

  /// Updates the weights, each on the rank that has its moments.
  private func update(learningRate: Double, gradientScale: Double) throws(Failure) {
    let parameters = gradients.parameters
    if let exchange, !isSharded { try exchange.spread { gradients.mutableBuffer(of: $0) } }
    for index in absent { gradients.clear(index) }
    optimizer.step(gradients, learningRate: learningRate, gradientScale: gradientScale)
    if let exchange, isSharded { try exchange.spread { parameters[$0].mutableBuffer } }
  }

  /// Throws `.numerics` where an update has made a parameter infinite or no number: such a model is not worth saving.
  package func checkFinite() throws(Failure) {
    guard let bad = model.trainedParameters.first(where: { !$0.value.isFinite }) else { return }
    throw Failure(
      .numerics, "the update made parameter \"\(bad.name)\" infinite", at: "step \(optimizer.stepCount)",
      notes: ["lower optimizer.learning_rate, or lengthen schedule.warmup_steps"])
  }

  /// What the losses of a step are computed with, once what they depend on is known of all ranks; nil if the step is cancelled on
  /// any of them.
  private func context(
    of parts: [Batch], _ isCancelled: () -> Bool
  ) throws(Failure) -> (StepContext, StepBeginning)? {
    var context = StepContext(model, recompute: recompute, reference: reference)
    var (shares, isDropped) = (Measures(), false)
    for part in parts {
      isDropped = isCancelled()
      guard !isDropped, let share = objective.stepMean(of: part, context) else { break }
      shares.add(share)
    }
    let beginning = try StepBeginning(
      weight: parts.reduce(0) { $0 + objective.weight(of: $1) }, tokens: parts.reduce(0) { $0 + $1.tokenCount },
      parts: parts.count, shares: shares, isCancelled: isDropped, ranks)
    context.stepMean = beginning.shares.means.first?.value
    return beginning.isCancelled ? nil : (context, beginning)
  }

  /// A seed of its own for each micro-batch: a function of the run's seed and the step, so that a resumed run draws the same.
  private func noiseSeed(part: Int) -> UInt64 {
    SplitMix64.mixed(seed &+ SplitMix64.increment &* (UInt64(stepCount) << 20 | UInt64(part)))
  }

  /// Says where the first number that is not finite came from, by running the step's forward pass again. Of several ranks the
  /// first one that has it speaks, and the others wait for the end.
  private func failure(
    _ parts: [Batch], _ context: StepContext, loss: Double?, norm: Double, partsBefore: Int
  ) -> Failure {
    let operation = FiniteCheck.firstCulprit {
      var context = context
      for (index, part) in parts.enumerated() {
        context.noiseSeed = noiseSeed(part: partsBefore + index)
        _ = objective.loss(part, context)
      }
    }
    let speaker = (try? ranks.largest(operation == nil ? 0 : ranks.count - ranks.rank)).map { ranks.count - $0 } ?? 0
    if speaker % ranks.count != ranks.rank { ranks.awaitAbort() }
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
