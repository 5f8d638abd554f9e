import Corpus
import Files
import Machine
import Models
import Training

/// Whether a run fits into the memory that is usable, and what would make it fit.
package struct MemoryCheck {
  let recipe: Recipe
  let model: ModelDimensions
  /// Tokens a sequence.
  let length: Int
  /// The run's samples; nil where the data has not been read.
  let data: (any SampleLoader)?
  let isResuming: Bool
  /// The processes that train together.
  let ranks: Int

  package init(
    recipe: Recipe, model: ModelDimensions, length: Int, data: (any SampleLoader)?, isResuming: Bool, ranks: Int = 1
  ) {
    (self.recipe, self.model, self.length, self.data, self.isResuming) = (recipe, model, length, data, isResuming)
    self.ranks = ranks
  }

  /// Refuses a run that does not fit.
  ///
  /// - Throws: `.resources`, with what it needs, what there is, and which keys would change it.
  package func run(usable: Int = SystemMemory.usable) throws(Failure) {
    guard recipe.training.checksMemory else { return }
    let plan = try plan(recipe)
    guard plan.bytes > usable else { return }
    let largest = plan.parts.sorted { $0.bytes > $1.bytes }.prefix(3)
    throw Failure(
      .resources, "the run does not fit into memory",
      notes: [
        "it needs about \(Self.size(plan.bytes)), \(Self.size(usable)) are usable: "
          + largest.map { "\($0.name) \(Self.size(Int(min($0.bytes, 0x1p62))))" }.joined(separator: ", ")
      ] + (try remedies(usable)) + ["training.check_memory=false starts it all the same"])
  }

  /// The plan of the recipe, or of what it would be with some keys changed.
  func plan(_ recipe: Recipe) throws(Failure) -> MemoryPlan {
    try plan(Variant(recipe: recipe, length: length, model: model))
  }

  /// A run that might be instead.
  private struct Variant {
    var recipe: Recipe
    var length: Int
    var model: ModelDimensions
  }

  private func plan(_ variant: Variant) throws(Failure) -> MemoryPlan {
    let length = variant.length
    var recipe = variant.recipe
    // A rank's share of a step.
    recipe.training.batchSize = (recipe.training.batchSize + ranks - 1) / ranks
    let load: StepLoad
    if let data, length == self.length {
      load = try StepLoad(recipe, length: length, data: data)
    } else {
      load = StepLoad(recipe, length: length, samples: data?.order.count ?? recipe.mostSamples(length: length))
    }
    return MemoryPlan(recipe, variant.model, load, isResuming: isResuming, ranks: ranks)
  }

  // MARK: What would help

  /// A change of a key.
  private struct Change {
    let key: String
    let apply: (inout Variant) -> Void
  }

  /// The three changes that save most, those that are enough by themselves first.
  private func remedies(_ usable: Int) throws(Failure) -> [String] {
    var candidates: [(change: Change, bytes: Int)] = []
    for change in changes {
      var changed = Variant(recipe: recipe, length: length, model: model)
      change.apply(&changed)
      candidates.append((change, try plan(changed).bytes))
    }
    let own = try plan(recipe).bytes
    let best = candidates.filter { $0.bytes < own - own / 50 }.sorted { $0.bytes < $1.bytes }.prefix(3)
    var all = Variant(recipe: recipe, length: length, model: model)
    for (change, _) in best { change.apply(&all) }
    let together = try plan(all).bytes
    var lines = best.map { "\($0.change.key): about \(Self.size($0.bytes))\($0.bytes <= usable ? ", which fits" : "")" }
    if best.count > 1, !best.contains(where: { $0.bytes <= usable }) {
      lines.append(
        together <= usable
          ? "all of them together: about \(Self.size(together)), which fits"
          : "all of them together: about \(Self.size(together)); only a smaller model fits")
    }
    if best.isEmpty { lines.append("only a smaller model fits") }
    return lines
  }

  private var changes: [Change] {
    let batch = recipe.training.batchSize
    var changes: [Change] = []
    if recipe.training.microBatchSize != 1 {
      changes.append(Change(key: "training.micro_batch_size=1") { $0.recipe.training.microBatchSize = 1 })
    }
    if !recipe.training.recompute {
      changes.append(Change(key: "training.recompute=true") { $0.recipe.training.recompute = true })
    }
    if var settings = recipe.optimizer.algorithm as? AdamWSettings, settings.stateFormat == .float32 {
      settings.stateFormat = .bfloat16
      changes.append(
        Change(key: "optimizer.state_dtype=bfloat16") { [settings] in $0.recipe.optimizer.algorithm = settings })
    }
    let smaller = min(32, max(1, batch / 4))
    if smaller < batch {
      changes.append(
        Change(key: "training.batch_size=\(smaller)") {
          $0.recipe.training.batchSize = smaller
          if let size = $0.recipe.training.microBatchSize, !smaller.isMultiple(of: size) {
            $0.recipe.training.microBatchSize = 1
          }
        })
    }
    if length > 64 {
      changes.append(Change(key: "data.sequence_length=\(length / 4)") { $0.length /= 4 })
    }
    if let key = layersKey, model.layers >= 4 {
      let fewer = (model.layers / 4).rounded(.down)
      changes.append(Change(key: "\(key)=\(Int(fewer))") { $0.model = $0.model.with(layers: fewer) })
    }
    return changes
  }

  /// The key of the number of blocks, where the recipe describes the model.
  private var layersKey: String? {
    let known = ["num_hidden_layers", "n_layer"]
    return known.first { recipe.resolved["model"]?[$0] != nil }.map { "model.\($0)" }
  }

  /// A size in words.
  private static func size(_ bytes: Int) -> String {
    let mebibytes = Double(bytes) / 1_048_576
    return mebibytes < 10_000 ? "\(Progress.fixed(mebibytes, 0)) MiB" : "\(Progress.fixed(mebibytes / 1024, 1)) GiB"
  }
}

extension Recipe {
  /// Refuses a run that does not fit into memory, going by the recipe and the sizes of its files alone; nothing is said of a
  /// model that is not there yet.
  ///
  /// - Parameters:
  ///   - ranks: the processes that train together.
  ///   - usable: the memory of each.
  package func checkMemory(ranks: Int = 1, usable: Int = SystemMemory.usable) throws(Failure) {
    guard let configuration = try? modelConfiguration() else { return }
    try MemoryCheck(
      recipe: self, model: dimensions(of: configuration), length: data.sequenceLength ?? configuration.maximumPositions,
      data: nil, isResuming: false, ranks: ranks
    ).run(usable: usable)
  }
}
