import Checkpoints
import Corpus
import Files
import Kernels
import ModelFiles
import Models
import Training

/// A run of a recipe, from its first step or a checkpoint to its last step.
package final class TrainingRun {
  private let recipe: Recipe
  private let folder: RunFolder
  private let samples: any SampleLoader
  private let trainer: Trainer
  private let dimensions: ModelDimensions
  private let steps: Int
  private var log: RunLog
  private var state: TrainingState
  private var checkpoints: RunCheckpoints
  private var evaluation: RunEvaluation
  private var report: LiveReport
  private var earlyStopping: EarlyStopping?
  /// The steps that were taken before this process, and how long it has been at work.
  private let takenBefore: Int
  private let uptime = Stopwatch()

  // MARK: Starting

  /// A new run of `recipe` in its run folder, which `overwrite` clears of an earlier run.
  package convenience init(starting recipe: Recipe, overwrite: Bool) throws(Failure) {
    let (isNew, isParentNew) = (!Path.exists(recipe.run), !Path.exists(Folder.parent(of: recipe.run)))
    let folder = try RunFolder(creating: recipe.run, overwrite: overwrite)
    let lock = try RunLock(run: folder.path)
    try folder.check(overwrite: overwrite)
    // Whatever the data makes impossible is found before the folder holds anything.
    let preparation: Preparation
    do throws(Failure) {
      preparation = try Preparation(recipe) { Output.log.line($0) }
      _ = try recipe.steps(over: preparation.data.train)
      try preparation.checkMemory(for: recipe, isResuming: false)
    } catch {
      if isNew { folder.removeIfEmpty(withParent: isParentNew) }
      throw error
    }
    try folder.start(recipe, environment: Self.environment(recipe, preparation), tokenizer: preparation.tokenizer)
    try self.init(recipe, folder, lock, preparation, resuming: nil, allowsChangedData: false)
  }

  /// The run in `path`, from its newest valid checkpoint; from the start if it has none.
  package convenience init(
    resuming path: String, overrides: [RecipeOverride], allowsChangedData: Bool
  ) throws(Failure) {
    let folder = try RunFolder(existing: path)
    let lock = try RunLock(run: folder.path)
    let recipe = try folder.resolvedRecipe(overrides: overrides)
    for line in recipe.replacements { Output.log.line("override: \(line)") }
    let store = CheckpointStore(run: folder.path)
    try store.reap(under: lock)
    try folder.probe()
    let found = try store.newestValid()
    if found.checkpoint == nil {
      if !found.skipped.isEmpty { throw Self.noCheckpoint(of: folder, found.skipped) }
      Output.log.line("the run has no checkpoint yet: it begins again")
    }
    for failure in found.skipped { Output.log.line("skipped a checkpoint that is not valid\n\(failure)") }
    let start = try found.checkpoint.map { (checkpoint) throws(Failure) in
      let path = checkpoint.path(of: CheckpointLocation.name(in: checkpoint))
      return try ModelFile.open(path, base: recipe.model.source)
    }
    let preparation = try Preparation(recipe, resuming: start) { Output.log.line($0) }
    try preparation.checkMemory(for: recipe, isResuming: true)
    try folder.complete(recipe, environment: Self.environment(recipe, preparation), tokenizer: preparation.tokenizer)
    try self.init(
      recipe, folder, lock, preparation, resuming: found.checkpoint, allowsChangedData: allowsChangedData)
    if !overrides.isEmpty { try folder.write(recipe, environment: Self.environment(recipe, preparation)) }
  }

  private init(
    _ recipe: Recipe, _ folder: RunFolder, _ lock: RunLock, _ preparation: Preparation,
    resuming checkpoint: Checkpoint?, allowsChangedData: Bool
  ) throws(Failure) {
    if let threads = recipe.threads { Parallel.threads = threads }
    self.recipe = recipe
    self.folder = folder
    trainer = Trainer(try preparation.model(), recipe)
    dimensions = try recipe.dimensions(of: preparation.configuration)
    state = TrainingState(
      recipe: recipe.resolved.serialized(), data: preparation.data.train.fingerprint,
      coreType: MatrixLibrary.coreType)
    var (warnings, notes) = (lock.warning.map { [$0] } ?? [], [String]())
    let earlier = try checkpoint.map { [trainer] (checkpoint) throws(Failure) in
      try TrainingState(reading: checkpoint.path(of: TrainingState.fileName), into: trainer)
    }
    steps = try recipe.steps(over: preparation.data.train, after: earlier)
    if let earlier {
      warnings += try state.resume(from: earlier, at: folder.path, allowsChangedData: allowsChangedData)
      notes = try recipe.continuation(of: earlier, over: preparation.data.train, in: folder.path)
    }
    let isWhole = preparation.adapter == nil
    let first = isWhole ? (checkpoint == nil ? trainer.model : nil) : preparation.adapter!.reference(trainer.model)
    let (data, reference) = try preparation.trainingData(
      for: recipe, start: first, knownReference: state.reference
    ) { Output.log.line($0) }
    state.reference = reference?.identity
    trainer.reference = reference?.model
    samples = data.train
    checkpoints = try RunCheckpoints(
      folder, lock, preparation, recipe.checkpoint, savedStep: checkpoint?.step, state)
    evaluation = RunEvaluation(recipe, preparation, data.validation)
    report = LiveReport(folder, isWanted: recipe.logging.report)
    let peak = GEMMPeak.measure(recipe.training.precision)
    // Before the first step there is only the evaluation at the start, which is done again.
    takenBefore = state.step
    log = try RunLog(
      folder, recipe.logging, steps: steps, after: state.step, evaluated: state.step == 0 ? -1 : state.evaluated,
      peak: peak)
    earlyStopping = try recipe.training.earlyStopping.map { (settings) throws(Failure) in
      try EarlyStopping(settings, metrics: folder.metrics)
    }
    for warning in warnings { log.note("warning: \(warning)") }
    let start = StartNotes(
      recipe: recipe, preparation: preparation, model: trainer.model, steps: steps, step: state.step, peak: peak)
    for line in start.lines + notes { log.note(line) }
  }

  private static func environment(_ recipe: Recipe, _ preparation: Preparation) -> [JSONMember] {
    let steps = try? recipe.steps(over: preparation.data.train)
    let counts: [(name: String, count: Int?)] = [
      ("parameters", preparation.configuration.parameterCount), ("steps", steps),
    ]
    return [
      JSONMember("threads", JSONValue(recipe.threads ?? Parallel.threads)),
      JSONMember("core_type", JSONValue(MatrixLibrary.coreType)),
    ] + (MatrixLibrary.configuration.map { [JSONMember("blas", JSONValue($0))] } ?? [])
      + counts.compactMap { fact in fact.count.map { JSONMember(fact.name, JSONValue($0)) } }
      + [JSONMember("data", JSONValue(preparation.data.train.summary))]
  }

  private static func noCheckpoint(of folder: RunFolder, _ skipped: [Failure]) -> Failure {
    Failure(
      .checkpoint, "no checkpoint of the run is valid", at: folder.path,
      notes: ["`train run RECIPE --overwrite` begins again"], others: skipped)
  }

  // MARK: Running

  /// Takes the steps that are left; evaluates, samples and saves on the way. Returns early, with everything saved, when a
  /// signal asks for it.
  package func run() throws(Failure) {
    let (samples, size, start, order) = (samples, recipe.microBatchSize, state, recipe.batches(of: samples))
    let prefetcher = Prefetcher<[Batch]>(from: start.step) { (step) throws(Failure) in
      let consumed = order.consumed(after: step - start.step, from: start.samples)
      return try samples.microBatches(order.batch(after: consumed), size: size)
    }
    defer { prefetcher.stop() }
    if state.step == 0, recipe.evaluation.atStart { try evaluate() }
    if state.step > 0, state.evaluated < state.step, isDue(recipe.evaluation.every) {
      try evaluate()
      if StopRequest.signal == nil { save() }
    }
    defer { StopRequest.isTaking(step: 0) }
    while StopRequest.signal == nil, state.step < steps, earlyStopping?.isDue != true {
      StopRequest.isTaking(step: state.step + 1)
      guard let report = try step(try next(prefetcher)) else { break }
      if report.step == 1 { try checkFirstLoss(report.loss) }
      let isEvaluated = isDue(recipe.evaluation.every)
      if isEvaluated { try evaluate() }
      self.report.update(news: isEvaluated)
      let isBest = checkpoints.isBest(evaluation.loss(after: state.step))
      let isAsked = StopRequest.takeSave()
      if isAsked || isBest || isDue(recipe.checkpoint.every) { saveIfNeeded() }
      if isAsked, checkpoints.failure == nil { log.note("saved the checkpoint of step \(state.step)") }
    }
    try finish()
  }

  /// Saves what is not saved yet and ends the log.
  private func finish() throws(Failure) {
    log.endLine()
    defer { report.finish() }
    if StopRequest.signal == nil { try checkDivergence(isAtEnd: true) }
    saveIfNeeded()
    if let failure = checkpoints.failure { throw failure }
    if StopRequest.signal == nil {
      if let earlyStopping, earlyStopping.isDue { log.note(earlyStopping.note) }
      try checkpoints.settle(state, isAtEnd: true)
      if let warning = try Divergence.warning(state, checkpoints) { log.note(warning) }
    }
    if StopRequest.signal != nil {
      log.note("stopped after step \(state.step); `train resume \(folder.path)` goes on")
    } else {
      let seconds = uptime.seconds
      for line in EndNotes(recipe: recipe, folder: folder, taken: state.step - takenBefore, seconds: seconds).lines {
        log.note(line)
      }
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
      if error.area != .numerics { saveIfNeeded() }
      if error.area != .interrupted { throw error }
    }
  }

  /// The next batch; if it cannot be read, what has been learnt is saved first.
  private func next(_ prefetcher: Prefetcher<[Batch]>) throws(Failure) -> [Batch] {
    do throws(Failure) {
      return try prefetcher.next()
    } catch {
      log.endLine()
      saveIfNeeded()
      throw error
    }
  }

  private func isDue(_ every: Recipe.Interval) -> Bool {
    state.step == steps || every.isDue(after: state.step, samples: state.samples, of: samples.sampleCount)
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
    try? checkpoints.settle(state)
  }

  private func checkDivergence(isAtEnd: Bool) throws(Failure) {
    let failure = try Divergence.failure(
      state, recipe.training, checkpoints, isAtEnd: isAtEnd)
    guard let failure else { return }
    log.endLine()
    try checkpoints.discardDiverged(state)
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
      checkpoints.savedStep.map { "the last checkpoint is that of step \($0)" }
        ?? "`train resume` goes on from the last checkpoint")
    return failure
  }

  private func saveIfNeeded() {
    if state.step != checkpoints.savedStep { save() }
  }

  /// Saves a checkpoint. A failure is reported and training continues.
  private func save() {
    log.synchronize()
    if let failure = checkpoints.save(trainer, state, loss: evaluation.loss(after: state.step)) {
      log.note("the checkpoint of step \(state.step) could not be written; training goes on\n\(failure)")
    }
  }
}

extension ModelDimensions {
  /// Floating point operations of a training step on a batch.
  func trainingFLOPs(of batch: Batch) -> Double {
    trainingFLOPs(
      tokens: Double(batch.tokens.count), supervised: Double(batch.weight), length: (2 * batch.meanContext).rounded())
  }
}
