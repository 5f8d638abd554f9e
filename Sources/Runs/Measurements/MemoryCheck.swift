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

  package init(recipe: Recipe, model: ModelDimensions, length: Int, data: (any SampleLoader)?, isResuming: Bool) {
    (self.recipe, self.model, self.length, self.data, self.isResuming) = (recipe, model, length, data, isResuming)
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
  func plan(_ recipe: Recipe, length: Int? = nil) throws(Failure) -> MemoryPlan {
    let length = length ?? self.length
    let load: StepLoad
    if let data, length == self.length {
      load = try StepLoad(recipe, length: length, data: data)
    } else {
      load = StepLoad(recipe, length: length, samples: data?.sampleCount ?? recipe.mostSamples(length: length))
    }
    return MemoryPlan(recipe, model, load, isResuming: isResuming)
  }

  // MARK: What would help

  /// A change of a key.
  private struct Change {
    let key: String
    let apply: (inout Recipe, inout Int) -> Void
  }

  /// The three changes that save most, those that are enough by themselves first.
  private func remedies(_ usable: Int) throws(Failure) -> [String] {
    var candidates: [(change: Change, bytes: Int)] = []
    for change in changes {
      var (changed, length) = (recipe, length)
      change.apply(&changed, &length)
      candidates.append((change, try plan(changed, length: length).bytes))
    }
    let own = try plan(recipe).bytes
    let best = candidates.filter { $0.bytes < own }.sorted { $0.bytes < $1.bytes }.prefix(3)
    var (all, length) = (recipe, length)
    for (change, _) in best { change.apply(&all, &length) }
    let together = try plan(all, length: length).bytes
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
      changes.append(Change(key: "training.micro_batch_size=1") { recipe, _ in recipe.training.microBatchSize = 1 })
    }
    if !recipe.training.recompute {
      changes.append(Change(key: "training.recompute=true") { recipe, _ in recipe.training.recompute = true })
    }
    if var settings = recipe.optimizer.algorithm as? AdamWSettings, settings.stateFormat == .float32 {
      settings.stateFormat = .bfloat16
      changes.append(
        Change(key: "optimizer.state_dtype=bfloat16") { [settings] recipe, _ in recipe.optimizer.algorithm = settings })
    }
    let smaller = min(32, max(1, batch / 4))
    if smaller < batch {
      changes.append(
        Change(key: "training.batch_size=\(smaller)") { recipe, _ in
          recipe.training.batchSize = smaller
          if let size = recipe.training.microBatchSize, !smaller.isMultiple(of: size) {
            recipe.training.microBatchSize = 1
          }
        })
    }
    if length > 64 {
      changes.append(Change(key: "data.sequence_length=\(length / 4)") { $1 /= 4 })
    }
    return changes
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
  package func checkMemory() throws(Failure) {
    guard let configuration = try? modelConfiguration() else { return }
    try MemoryCheck(
      recipe: self, model: configuration.dimensions, length: data.sequenceLength ?? configuration.maximumPositions,
      data: nil, isResuming: false
    ).run()
  }
}
