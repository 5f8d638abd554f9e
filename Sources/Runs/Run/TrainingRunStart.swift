import Checkpoints
import Communication
import Files
import Kernels
import ModelFiles
import Models

/// The two ways to begin: anew, and from a checkpoint.
extension TrainingRun {
  /// A new run of `recipe` in its run folder, which `overwrite` clears of an earlier run.
  package convenience init(starting recipe: Recipe, overwrite: Bool) throws(Failure) {
    let ranks = Ranks.current
    let (isNew, isParentNew) = (!Path.exists(recipe.run), !Path.exists(Folder.parent(of: recipe.run)))
    var (folder, lock) = (RunFolder(writtenByOthers: recipe.run), RunLock?.none)
    if ranks.isFirst {
      folder = try RunFolder(creating: recipe.run, overwrite: overwrite)
      lock = try RunLock(run: folder.path)
      try folder.check(overwrite: overwrite)
    }
    // Whatever the data makes impossible, on any rank, is found before the folder holds anything.
    let preparation: Preparation
    let dimensions: ModelDimensions
    if isNew, ranks.isFirst {
      Ranks.beforeFailure = { [folder] in folder.removeIfEmpty(withParent: isParentNew) }
    }
    do throws(Failure) {
      preparation = try ranks.inTurn { () throws(Failure) in try Preparation(recipe) { Output.log.line($0) } }
      _ = try recipe.steps(over: preparation.data.train)
      dimensions = try recipe.dimensions(of: preparation.configuration)
      try preparation.checkMemory(for: recipe, dimensions, isResuming: false)
      try RankComparison.check(recipe, preparation, ranks)
    } catch {
      if ranks.isSolo { Ranks.beforeFailure?() }
      throw error
    }
    Ranks.beforeFailure = nil
    if ranks.isFirst {
      try folder.start(
        recipe, environment: Self.environment(recipe, preparation, dimensions), tokenizer: preparation.tokenizer)
    }
    try self.init(recipe, folder, lock, preparation, dimensions, resuming: nil, allowsChangedData: false)
  }

  /// The run in `path`, from its newest valid checkpoint; from the start if it has none.
  package convenience init(
    resuming path: String, overrides: [RecipeOverride], allowsChangedData: Bool
  ) throws(Failure) {
    let ranks = Ranks.current
    let folder = try RunFolder(existing: path)
    let lock = ranks.isFirst ? try RunLock(run: folder.path) : nil
    let recipe = try folder.resolvedRecipe(overrides: overrides)
    for line in recipe.replacements { Output.log.line("override: \(line)") }
    // The first rank changes the recipe only when all have read it.
    try ranks.meet()
    let newest = try Self.newestCheckpoint(in: folder, lock, ranks)
    // What an earlier version wrote may not be a recipe any more.
    if newest != nil, let begun = try? folder.resolvedRecipe() { try recipe.checkKept(since: begun, in: path) }
    let start = try newest.map { (checkpoint) throws(Failure) in
      let path = checkpoint.path(of: CheckpointLocation.name(in: checkpoint))
      return try ModelFile.open(path, base: recipe.model.source)
    }
    let preparation = try ranks.inTurn { () throws(Failure) in
      try Preparation(recipe, resuming: start) { Output.log.line($0) }
    }
    let dimensions = try recipe.dimensions(of: preparation.configuration)
    try preparation.checkMemory(for: recipe, dimensions, isResuming: true)
    try RankComparison.check(recipe, preparation, resuming: newest, ranks)
    if ranks.isFirst {
      try folder.complete(
        recipe, environment: Self.environment(recipe, preparation, dimensions), tokenizer: preparation.tokenizer)
    }
    try self.init(
      recipe, folder, lock, preparation, dimensions, resuming: newest, allowsChangedData: allowsChangedData)
    if !overrides.isEmpty, ranks.isFirst {
      try folder.write(recipe, environment: Self.environment(recipe, preparation, dimensions, steps: steps))
    }
  }

  /// The newest valid checkpoint, which the first rank finds and the others wait to see; nil if there is none yet.
  private static func newestCheckpoint(
    in folder: RunFolder, _ lock: RunLock?, _ ranks: any Communicator
  ) throws(Failure) -> Checkpoint? {
    let store = CheckpointStore(run: folder.path)
    guard let lock else {
      let step = try ranks.first(-1)
      return step < 0 ? nil : try store.awaited(step: step)
    }
    try store.reap(under: lock)
    try folder.probe()
    let found = try store.newestValid()
    if found.checkpoint == nil {
      if !found.skipped.isEmpty { throw Self.noCheckpoint(of: folder, found.skipped) }
      Output.log.line("the run has no checkpoint yet: it begins again")
    }
    for failure in found.skipped { Output.log.line("skipped a checkpoint that is not valid\n\(failure)") }
    _ = try ranks.first(found.checkpoint?.step ?? -1)
    return found.checkpoint
  }

  private static func noCheckpoint(of folder: RunFolder, _ skipped: [Failure]) -> Failure {
    Failure(
      .checkpoint, "no checkpoint of the run is valid", at: folder.path,
      notes: ["`train run RECIPE --overwrite` begins again"], others: skipped)
  }

  /// What a run writes down of where it runs.
  ///
  /// - Parameter steps: those of the run, where they depend on what it has read with batches of another size.
  static func environment(
    _ recipe: Recipe, _ preparation: Preparation, _ dimensions: ModelDimensions, steps: Int? = nil
  ) -> [JSONMember] {
    let steps = steps ?? (try? recipe.steps(over: preparation.data.train))
    let trained = recipe.adapter == nil ? nil : Int(dimensions.trained)
    let counts: [(name: String, count: Int?)] = [
      ("parameters", preparation.configuration.parameterCount), ("trained_parameters", trained), ("steps", steps),
    ]
    return [
      JSONMember("threads", JSONValue(min(recipe.threads ?? Parallel.threads, Parallel.mostThreads))),
      JSONMember("core_type", JSONValue(MatrixLibrary.coreType(in: recipe.training.precision))),
    ] + (Ranks.current.isSolo ? [] : [JSONMember("ranks", JSONValue(Ranks.current.count))])
      + (MatrixLibrary.configuration.map { [JSONMember("blas", JSONValue($0))] } ?? [])
      + counts.compactMap { fact in fact.count.map { JSONMember(fact.name, JSONValue($0)) } }
      + [JSONMember("data", JSONValue(preparation.data.train.summary))]
  }
}
