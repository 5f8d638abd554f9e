import Checkpoints
import Corpus
import Files
import Foundation
import Inference
import Kernels
import Machine
import ModelFiles
import Models
import Tokenizers
import Training

/// A run of a recipe, from its first step or a checkpoint to its last step.
package final class TrainingRun {
  private let recipe: Recipe
  private let folder: RunFolder
  private let lock: RunLock
  private let store: CheckpointStore
  private let preparation: Preparation
  private let data: TrainingData
  private let trainer: Trainer
  private let steps: Int
  private let peak: Double
  private var log: RunLog
  private var state: TrainingState
  private var lastEvaluation: (step: Int, loss: Double)?
  private var savedStep: Int?
  private var unsavedFailure: Failure?
  private var watch = PreferenceWatch()

  // MARK: Starting

  /// A new run of `recipe` in its run folder, which `overwrite` clears of an earlier run.
  package convenience init(starting recipe: Recipe, overwrite: Bool) throws(Failure) {
    let folder = try RunFolder(creating: recipe.run, overwrite: overwrite)
    let lock = try RunLock(run: folder.path)
    // Whatever the data makes impossible is found before the folder holds anything.
    let preparation = try Preparation(recipe) { Output.log.line($0) }
    if overwrite { try folder.clear() }
    try folder.write(recipe, environment: Self.environment(recipe))
    if let tokenizer = preparation.tokenizer { try DurableFile.write(tokenizer.json(), to: folder.tokenizer) }
    try self.init(recipe, folder, lock, preparation, resuming: nil, allowsChangedData: false)
  }

  /// The run in `path`, from its newest valid checkpoint; from the start if it has none.
  package convenience init(
    resuming path: String, overrides: [RecipeOverride], allowsChangedData: Bool
  ) throws(Failure) {
    let folder = try RunFolder(existing: path)
    let lock = try RunLock(run: folder.path)
    let recipe = try folder.resolvedRecipe(overrides: overrides)
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
      try ModelFile.open(checkpoint.path(of: ModelFile.name))
    }
    let preparation = try Preparation(recipe, resuming: start) { Output.log.line($0) }
    try self.init(
      recipe, folder, lock, preparation, resuming: found.checkpoint, allowsChangedData: allowsChangedData)
    if !overrides.isEmpty { try folder.write(recipe, environment: Self.environment(recipe)) }
  }

  private init(
    _ recipe: Recipe, _ folder: RunFolder, _ lock: RunLock, _ preparation: Preparation,
    resuming checkpoint: Checkpoint?,
    allowsChangedData: Bool
  ) throws(Failure) {
    if let threads = recipe.threads { Parallel.threads = threads }
    self.recipe = recipe
    self.folder = folder
    self.lock = lock
    self.preparation = preparation
    store = CheckpointStore(run: folder.path)
    trainer = Trainer(try preparation.model(), recipe)
    steps = recipe.steps(over: preparation.data.train)
    let coreType = MatrixLibrary.coreType
    var state = TrainingState(
      recipe: recipe.resolved.serialized(), data: preparation.data.train.fingerprint, coreType: coreType)
    var warnings = lock.warning.map { [$0] } ?? []
    if let checkpoint {
      let earlier = try TrainingState(reading: checkpoint.path(of: TrainingState.fileName), into: trainer)
      warnings += try state.resume(from: earlier, at: folder.path, allowsChangedData: allowsChangedData)
    }
    let references = try preparation.referenceScores(
      for: recipe, start: checkpoint == nil ? trainer.model : nil, known: state.reference)
    state.reference = references?.identity
    if let references {
      data = try preparation.data.withReferences { (loader) throws(Failure) in
        try references.scores(of: loader) { Output.log.line($0) }
      }
    } else {
      data = preparation.data
    }
    self.state = state
    savedStep = checkpoint?.step
    peak = GEMMPeak.measure()
    try JSONLinesLog.cut(folder.metrics, after: state.step)
    try JSONLinesLog.cut(folder.samples, after: state.step)
    log = try RunLog(folder, recipe.logging, steps: steps, after: state.step)
    for warning in warnings { log.note("warning: \(warning)") }
    introduce(coreType: coreType)
  }

  private static func environment(_ recipe: Recipe) -> [JSONMember] {
    [
      JSONMember("threads", JSONValue(recipe.threads ?? Parallel.threads)),
      JSONMember("core_type", JSONValue(MatrixLibrary.coreType)),
    ] + (MatrixLibrary.configuration.map { [JSONMember("blas", JSONValue($0))] } ?? [])
  }

  private static func noCheckpoint(of folder: RunFolder, _ skipped: [Failure]) -> Failure {
    Failure(
      .checkpoint, "no checkpoint of the run is valid", at: folder.path,
      notes: ["`train run RECIPE --overwrite` begins again"], others: skipped)
  }

  private func introduce(coreType: String) {
    let train = data.train
    let tokens = recipe.training.batchSize * train.tokenCount / train.sampleCount
    log.note("data: \(train.summary)")
    if let validation = data.validation { log.note("held out: \(validation.summary)") }
    log.note("\(trainer.model.parameterCount) parameters, \(steps) steps of \(tokens) tokens")
    log.note(
      "\(Parallel.threads) threads, \(coreType) kernels, measured GEMM peak \(Progress.fixed(peak / 1e9, 0)) GFLOP/s")
    let (needed, usable) = (
      Plan.memory(trainer.model, recipe, length: preparation.sequenceLength), SystemMemory.usable
    )
    if needed > usable {
      log.note(
        "warning: training takes about \(needed >> 20) MiB and \(usable >> 20) MiB are free: a smaller "
          + "training.micro_batch_size, training.recompute, or optimizer.state_dtype=bfloat16 takes less")
    }
    if state.step > 0 { log.note("resuming after step \(state.step)") }
    if recipe.examples.hasConversations, let tokenizer = preparation.tokenizer, let parts = try? train.example(0) {
      for part in parts {
        let text = ExampleText.marked(part, tokenizer, inColour: Output.log.hasColour)
        log.note("first example\(part.part.map { ", \($0)" } ?? ""), its trained tokens marked:\n\(text)")
      }
    }
  }

  // MARK: Running

  /// Takes the steps that are left; evaluates, samples and saves on the way. Returns early, with everything saved, when a
  /// signal asks for it.
  package func run() throws(Failure) {
    let (data, size, state) = (data.train, recipe.microBatchSize, state)
    let samples = recipe.training.batchSize
    let prefetcher = Prefetcher<[Batch]>(from: state.step) { (step) throws(Failure) in
      let first = state.samples + (step - state.step) * samples
      return try data.microBatches(first..<first + samples, size: size)
    }
    defer { prefetcher.stop() }
    while self.state.step < steps {
      guard let report = try step(try next(prefetcher)) else { break }
      if report.step == 1 { try checkFirstLoss(report.loss) }
      for warning in watch.observe(report.measures) { log.note(warning) }
      if isDue(recipe.evaluation.every) { try evaluate() }
      if isDue(recipe.checkpoint.every) || StopRequest.takeSave() { save() }
      if StopRequest.signal != nil { break }
    }
    log.endLine()
    saveIfNeeded()
    if let unsavedFailure { throw unsavedFailure }
    if StopRequest.signal != nil {
      log.note("stopped after step \(self.state.step); `train resume \(folder.path)` goes on")
    } else if recipe.logging.report {
      try? Report.write(folder)
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

  private func isDue(_ every: Int) -> Bool { state.step.isMultiple(of: every) || state.step == steps }

  /// One step; nil if a signal came before its update, which is then dropped.
  private func step(_ batches: [Batch]) throws(Failure) -> Trainer.Report? {
    let watch = Stopwatch()
    let rate = recipe.schedule.learningRate(at: state.step, of: steps, peak: recipe.optimizer.learningRate)
    let result: Trainer.Report?
    do throws(Failure) {
      result = try trainer.step(batches, learningRate: rate) { StopRequest.signal != nil }
    } catch {
      throw explained(error, batches)
    }
    guard let report = result else { return nil }
    state.step = report.step
    state.samples += recipe.training.batchSize
    state.tokens += report.tokens
    let seconds = watch.seconds
    let flops = batches.reduce(0) { $0 + trainer.model.trainingFLOPs(of: $1) }
    log.step(
      report, tokens: state.tokens, tokensPerSecond: Double(report.tokens) / seconds,
      shareOfPeak: flops / seconds / peak)
    return report
  }

  /// Says what the first loss should be where that is known: ln V for a new model, ln 2 for `sigmoid` when the reference is
  /// the model itself, which must then hold.
  private func checkFirstLoss(_ loss: Double) throws(Failure) {
    let objective = recipe.objective
    if objective.reference == .start, let expected = objective.lossAtReference {
      log.note("first loss \(Progress.fixed(loss, 4)), of a model that is its reference \(Progress.fixed(expected, 4))")
      guard abs(loss - expected) <= 1e-2 * max(1, abs(expected)) else {
        throw Failure(
          .verification, "the model does not begin as its own reference",
          notes: ["its first loss is \(loss), expected \(expected)", "delete data/.cache/reference and start again"])
      }
    } else if recipe.model.source == nil, objective.measuresTokens {
      let expected = Foundation.log(Double(trainer.model.vocabularySize))
      log.note(
        "first loss \(Progress.fixed(loss, 4)), ln(vocabulary) is \(Progress.fixed(expected, 4))"
          + (abs(loss - expected) > 0.1 * expected ? ": unusual for a fresh model" : ""))
    }
  }

  private func explained(_ failure: Failure, _ batches: [Batch]) -> Failure {
    var failure = failure
    let path = "\(folder.path)/failure-step-\(state.step + 1).jsonl"
    let rows = batches.flatMap { batch in
      (0..<batch.rows).map { row -> String in
        let tokens = batch.tokens[row * batch.columns..<(row + 1) * batch.columns]
        return JSONValue([JSONMember("input_ids", JSONValue(tokens.map { JSONValue(Int($0)) }))]).serialized()
      }
    }
    if (try? DurableFile.write(rows.joined(separator: "\n") + "\n", to: path)) != nil {
      failure.notes.append("the batch is in \(path)")
    }
    failure.notes.append(
      savedStep.map { "the last checkpoint is that of step \($0)" } ?? "`train resume` goes on from the last checkpoint"
    )
    return failure
  }

  private func evaluate() throws(Failure) {
    if let validation = data.validation {
      let result = try Evaluation(
        trainer.model, objective: trainer.objective, loader: validation,
        samples: recipe.evaluation.batches * recipe.training.batchSize, size: recipe.microBatchSize,
        tokenizer: preparation.tokenizer)
      lastEvaluation = (state.step, result.loss)
      log.evaluation(result, step: state.step)
      for warning in watch.observe(evaluation: result.measures) { log.note(warning) }
    }
    guard let tokenizer = preparation.tokenizer else { return }
    for (index, prompt) in recipe.evaluation.prompts.enumerated() {
      let text = try Samples.continuation(
        of: prompt, trainer.model, tokenizer, recipe.evaluation, seed: UInt64(recipe.seed) &+ UInt64(index))
      log.sample(prompt: prompt, text: text, step: state.step)
    }
  }

  private func saveIfNeeded() {
    if state.step != savedStep { save() }
  }

  /// Saves a checkpoint. What goes wrong is reported and training goes on: the next one may succeed.
  private func save() {
    let evaluated = lastEvaluation.flatMap { $0.step == state.step ? $0.loss : nil }
    let isBest = evaluated.map { $0 < state.bestLoss ?? .infinity } ?? false
    let earlierBest = state.bestLoss
    if isBest { state.bestLoss = evaluated }
    do throws(Failure) {
      let model = ModelFile.contents(
        trainer.model, preparation.configuration, tokenizer: preparation.tokenizer,
        chatTemplate: preparation.text.jinja, endTokens: preparation.text.endTokens, step: state.step)
      try store.save(
        step: state.step, files: [(ModelFile.name, model), (TrainingState.fileName, state.contents(trainer))],
        extra: [JSONMember("core_type", JSONValue(state.coreType))])
      if isBest { try store.markBest(step: state.step) }
      try store.prune(
        keepLast: recipe.checkpoint.keepLast, keepBest: recipe.checkpoint.keepBest, upTo: state.step)
      savedStep = state.step
      unsavedFailure = nil
    } catch {
      state.bestLoss = earlierBest
      unsavedFailure = error
      log.note("the checkpoint of step \(state.step) could not be written; training goes on\n\(error)")
    }
  }
}

extension Recipe {
  /// The steps of the run over `data`.
  func steps(over data: any SampleLoader) -> Int {
    let batch = Double(training.batchSize)
    let meanLength = Double(data.tokenCount) / Double(data.sampleCount)
    return switch training.duration {
    case .steps(let steps): steps
    case .epochs(let epochs): max(1, Int((epochs * Double(data.sampleCount) / batch).rounded(.up)))
    case .tokens(let tokens): max(1, Int((Double(tokens) / (batch * meanLength)).rounded(.up)))
    }
  }
}

extension LanguageModel {
  /// Floating point operations of a training step on a batch.
  func trainingFLOPs(of batch: Batch) -> Double {
    trainingFLOPs(tokens: batch.tokens.count, supervised: batch.weight, length: Int((2 * batch.meanContext).rounded()))
  }
}
