import Checkpoints
import Communication
import Corpus
import Files
import Kernels
import ModelFiles
import Models
import Training

/// A run of a recipe, from its first step or a checkpoint to its last step.
///
/// Several ranks take each step together. All of them decide by numbers that all have, so that they decide alike; the first one
/// has the run folder.
package final class TrainingRun {
  private let ranks: any Communicator
  private let recipe: Recipe
  private let folder: RunFolder
  private let samples: any SampleLoader
  private let trainer: Trainer
  private let dimensions: ModelDimensions
  let steps: Int
  private var log: RunLog
  private var state: TrainingState
  /// Nil on all ranks but the first.
  private var checkpoints: RunCheckpoints?
  /// The step of the newest checkpoint.
  private var savedStep: Int?
  private var evaluation: RunEvaluation
  private var signals: RunSignals
  private var report: LiveReport
  private var earlyStopping: EarlyStopping?
  /// The steps that were taken before this process, and how long it has been at work.
  private let takenBefore: Int
  private let uptime = Stopwatch()

  // MARK: Starting

  /// A run in `folder`, which a rank that has its `lock` writes.
  init(
    _ recipe: Recipe, _ folder: RunFolder, _ lock: RunLock?, _ preparation: Preparation, _ dimensions: ModelDimensions,
    resuming checkpoint: Checkpoint?, allowsChangedData: Bool
  ) throws(Failure) {
    if let threads = recipe.threads { Parallel.threads = threads }
    ranks = Ranks.current
    (self.recipe, self.folder, self.dimensions) = (recipe, folder, dimensions)
    signals = RunSignals(ranks)
    trainer = Trainer(try preparation.model(), recipe, ranks: ranks)
    let start = try StartingPoint(
      of: recipe, in: folder, preparation, trainer, resuming: checkpoint, ranks: ranks.count,
      allowsChangedData: allowsChangedData)
    (state, steps, takenBefore, savedStep) = (start.state, start.steps, start.state.step, checkpoint?.step)
    // Ranks on different processors may have drawn weights whose last bits differ, which a reference would have as well.
    try trainer.shareWeights()
    let (data, reference) = try preparation.trainingData(
      for: recipe, training: trainer.model, isResuming: checkpoint != nil, knownReference: state.reference, over: ranks
    ) { Output.log.line($0) }
    (state.reference, trainer.reference) = (reference?.identity, reference?.model)
    samples = data.train
    if let lock { checkpoints = try RunCheckpoints(folder, lock, preparation, recipe, savedStep: savedStep, state) }
    evaluation = RunEvaluation(recipe, preparation, data.validation)
    report = LiveReport(folder, isWanted: recipe.logging.report && ranks.isFirst)
    let peak = MeasuredPeak(recipe.training.precision)
    log = try TrainingRun.openedLog(of: recipe, in: folder, steps: steps, state, peak, ranks)
    if ranks.isFirst { earlyStopping = try EarlyStopping(of: recipe, in: folder, after: state.measuredAfter) }
    for warning in [lock?.warning].compactMap(\.self) + start.warnings { log.note("warning: \(warning)") }
    let notes = StartNotes(
      recipe: recipe, preparation: preparation, model: trainer.model, steps: steps, step: state.step, peak: peak.rate)
    for line in notes.lines + start.notes { log.note(line) }
  }

  /// The log of a run that goes on from `state`, which the first rank writes down.
  private static func openedLog(
    of recipe: Recipe, in folder: RunFolder, steps: Int, _ state: TrainingState, _ peak: MeasuredPeak,
    _ ranks: any Communicator
  ) throws(Failure) -> RunLog {
    guard ranks.isFirst else { return RunLog(steps: steps, after: state.step) }
    // Before the first step there is only the evaluation at the start, which is done again.
    let evaluated = state.step == 0 ? -1 : state.evaluated
    return try RunLog(
      folder, recipe.logging, steps: steps, after: state.step, evaluated: evaluated, peak: peak,
      measuredAfter: state.measuredAfter)
  }

  // MARK: Running

  /// Takes the steps that are left; evaluates, samples and saves on the way. Returns early, with everything saved, when a
  /// signal asks for it. However it ends, the report says how far the run has come.
  package func run() throws(Failure) {
    defer { report.finish() }
    try takeSteps()
  }

  private func takeSteps() throws(Failure) {
    let (samples, size, start, order) = (samples, recipe.microBatchSize, state, recipe.batches(of: samples))
    let (share, traffic) = (RankShare(ranks), RankTraffic(ranks, after: state.step))
    let prefetcher = Prefetcher<[Batch]>(from: start.step) { (step) throws(Failure) in
      let consumed = order.consumed(after: step - start.step, from: start.samples)
      let all = samples.order.samples(order.batch(after: consumed))
      return try samples.microBatches(share.slice(of: all.indices), of: all, size: size)
    }
    defer { prefetcher.stop() }
    if state.step == 0, recipe.evaluation.atStart { try evaluate() }
    if state.step > 0, state.evaluated < state.step, isDue(recipe.evaluation.every) {
      try evaluate()
      if try !signals.isStopping() { try save() }
    }
    defer { StopRequest.isTaking(step: 0) }
    while try !signals.isStopping(), state.step < steps, try !isStoppedEarly() {
      if ranks.isFirst { StopRequest.isTaking(step: state.step + 1) }
      guard let report = try step(try next(prefetcher)) else { continue }
      if report.step == 1 { try checkFirstLoss(report.loss) }
      let isEvaluated = isDue(recipe.evaluation.every)
      if isEvaluated { try evaluate() }
      self.report.update(news: isEvaluated)
      let isBest = try isBest()
      let isAsked = signals.takeSave()
      if isAsked || isBest || isDue(recipe.checkpoint.every) { try saveIfNeeded() }
      if isAsked, savedStep == state.step { log.note("saved the checkpoint of step \(state.step)") }
    }
    try finish(traffic)
  }

  /// Whether early stopping ends the run, which the first rank knows.
  private func isStoppedEarly() throws(Failure) -> Bool {
    guard recipe.training.earlyStopping != nil else { return false }
    return try ranks.first(earlyStopping?.isDue == true ? 1 : 0) == 1
  }

  /// Whether the model has just been found to be the best so far. Only the first rank knows the others.
  private func isBest() throws(Failure) -> Bool {
    guard let loss = evaluation.loss(after: state.step) else { return false }
    return try ranks.first(checkpoints?.isBest(loss) == true ? 1 : 0) == 1
  }

  /// Saves what is not saved yet and ends the log.
  private func finish(_ traffic: RankTraffic) throws(Failure) {
    log.endLine()
    let isStopped = signals.wasStopped
    if !isStopped { try checkDivergence(isAtEnd: true) }
    try saveIfNeeded()
    guard ranks.isFirst else { return }
    if let note = traffic.note(after: state.step) { log.note(note) }
    if let failure = checkpoints?.failure { throw failure }
    if !isStopped {
      if let earlyStopping, earlyStopping.isDue, state.step < steps { log.note(earlyStopping.note) }
      try checkpoints?.settle(state, isAtEnd: true)
      if let checkpoints, let warning = try Divergence.warning(state, checkpoints) { log.note(warning) }
    }
    if isStopped {
      log.note("stopped after step \(state.step); `train resume \(folder.path)` goes on")
    } else {
      let seconds = uptime.seconds
      let notes = EndNotes(
        recipe: recipe, folder: folder, taken: state.step - takenBefore, seconds: seconds,
        measuredAfter: state.measuredAfter)
      for line in notes.lines { log.note(line) }
    }
  }

  /// Evaluates after the last step. Where a signal or an error comes in between, what has been learnt is saved first, and the
  /// run evaluates when it is resumed.
  private func evaluate() throws(Failure) {
    do throws(Failure) {
      try evaluation.run(trainer, after: state.step, log: &log)
      state.evaluated = state.step
      if let loss = evaluation.loss(after: state.step) { earlyStopping?.observe(loss, after: state.step) }
    } catch {
      log.endLine()
      // A failure of one rank finds the others elsewhere; an interruption is that of all.
      if error.area != .numerics, ranks.isSolo || error.area == .interrupted { try saveIfNeeded() }
      if error.area != .interrupted { throw error }
    }
  }

  /// The next batch; if any rank cannot read its own, what has been learnt is saved first.
  private func next(_ prefetcher: Prefetcher<[Batch]>) throws(Failure) -> [Batch] {
    let result = Result { () throws(Failure) in try prefetcher.next() }
    let isUnread = if case .failure = result { true } else { false }
    if try ranks.agree(any: isUnread) {
      log.endLine()
      try saveIfNeeded()
      if !isUnread { ranks.awaitAbort() }
    }
    return try result.get()
  }

  private func isDue(_ every: Recipe.Interval) -> Bool {
    state.step == steps || every.isDue(after: state.step, samples: state.samples, of: samples.order.count)
  }

  /// One step; nil if a signal came before its update, which is then dropped.
  private func step(_ batches: [Batch]) throws(Failure) -> Trainer.Report? {
    let stopwatch = Stopwatch()
    let rate = recipe.learningRate(at: state.step, of: steps)
    let result: Trainer.Report?
    do throws(Failure) {
      result = try trainer.step(
        batches, learningRate: rate, past: state.history, skippingSpikesOver: recipe.training.spikeThreshold
      ) { StopRequest.signal != nil }
    } catch {
      throw explained(error, batches)
    }
    guard let report = result else { return nil }
    state.step = report.step
    state.samples = recipe.batches(of: samples).consumed(after: 1, from: state.samples)
    state.tokens += report.tokens
    let seconds = stopwatch.seconds
    let flops = batches.reduce(0) { $0 + dimensions.trainingFLOPs(of: $1) }
    log.step(report, tokens: state.tokens, flops: flops, seconds: seconds)
    try watch(report)
    return report
  }

  /// Remembers a step's loss, and ends the run where it has diverged.
  private func watch(_ report: Trainer.Report) throws(Failure) {
    let isFar = recipe.training.divergenceThreshold.map { state.history.isFar(report.loss, threshold: $0) } ?? false
    state.history.record(
      loss: report.loss, norm: report.gradientNorm, isFar: isFar, isSkipped: report.isSkipped)
    if report.isSkipped {
      log.note(
        "step \(report.step) is skipped: loss \(Progress.fixed(report.loss, 4)), gradient norm "
          + "\(Progress.fixed(report.gradientNorm, 4)); \(state.history.skipped) so far")
    }
    try checkDivergence(isAtEnd: false)
    try? checkpoints?.settle(state)
  }

  private func checkDivergence(isAtEnd: Bool) throws(Failure) {
    guard Divergence.isReached(state, recipe.training, isAtEnd: isAtEnd) else { return }
    guard
      let failure = try checkpoints.map({ (checkpoints) throws(Failure) in
        try Divergence.failure(state, checkpoints)
      })
    else { ranks.awaitAbort() }
    log.endLine()
    try checkpoints?.discardDiverged(state)
    throw failure
  }

  private func checkFirstLoss(_ loss: Double) throws(Failure) {
    guard let first = FirstLoss(loss, of: recipe, vocabularySize: trainer.model.vocabularySize) else { return }
    log.note(first.note)
    if let failure = first.failure { throw failure }
  }

  /// The failure of a step, with where its batch was written and what can be resumed.
  private func explained(_ failure: Failure, _ batches: [Batch]) -> Failure {
    var failure = failure
    if let path = folder.write(batches, failedAt: state.step + 1) { failure.notes.append("the batch is in \(path)") }
    failure.notes.append(
      savedStep.map { "the last checkpoint is that of step \($0)" }
        ?? "there is no checkpoint before it: `train resume \(folder.path) KEY=VALUE` begins again with a change")
    return failure
  }

  private func saveIfNeeded() throws(Failure) {
    if state.step != savedStep { try save() }
  }

  /// Saves a checkpoint, for which the other ranks send the first one their moments. A failure is reported and training
  /// continues.
  private func save() throws(Failure) {
    log.synchronize()
    if checkpoints == nil {
      try trainer.serveMoments()
    } else if let failure = checkpoints?.save(trainer, state, loss: evaluation.loss(after: state.step)) {
      log.note("the checkpoint of step \(state.step) could not be written; training goes on\n\(failure)")
    }
    let saved = try ranks.first(checkpoints?.savedStep ?? -1)
    savedStep = saved < 0 ? nil : saved
  }
}

extension ModelDimensions {
  /// Floating point operations of a training step on a batch.
  func trainingFLOPs(of batch: Batch) -> Double {
    trainingFLOPs(
      tokens: Double(batch.tokens.count), supervised: Double(batch.weight), length: (2 * batch.meanContext).rounded())
  }
}
