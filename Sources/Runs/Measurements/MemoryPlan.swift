import Files
import Foundation
import Kernels
import Machine
import Models
import Training

/// The bytes of memory that a run takes at its peak: computed from its recipe and its model's sizes, nothing is allocated.
///
/// A step's peak is at the end of a forward pass, when all activations of a micro-batch are there with the gradients of the
/// micro-batches before it, or at the end of the first backward pass, when they have become gradients. Measured on whole runs.
package struct MemoryPlan: Sendable {
  /// What is there at the peak, in the order in which it comes to be.
  package let parts: [(name: String, bytes: Double)]
  package var bytes: Int { Int(parts.reduce(0) { $0 + $1.bytes }.rounded(.up).clamped(to: 0...0x1p62)) }

  /// The program itself, its threads and its buffers.
  private static let program = 60.0 * 1_048_576
  /// A step's batch is in use, two wait and one is being made: each of five numbers a place, of seven where answers branch.
  private static func batchBytes(_ recipe: Recipe) -> Double { 4 * (recipe.examples == .windows ? 20 : 28) }

  /// - Parameters:
  ///   - trained: the number of trained parameters; nil for all.
  ///   - ranks: the processes that train; `load` is that of one.
  ///   - isResuming: whether the model that training starts with has to be loaded beside the trained one for its scores.
  package init(
    _ recipe: Recipe, _ model: ModelDimensions, _ load: StepLoad, trained: Double? = nil, isResuming: Bool = false,
    ranks: Int = 1
  ) {
    let trained = trained ?? model.trained
    let weights = model.weightBytes + 4 * model.tables
    let step = Self.step(recipe, model, load, trained: trained)
    let forward = Self.forwardPass(model, places: load.forward)
    let evaluation = load.isEvaluated ? forward : 0
    // Without its adapters the model is its own reference, where nothing else is trained and it began with none.
    let isShared =
      recipe.adapter.map { $0.adapter.savedModules.isEmpty && recipe.objective.reference == .start } ?? false
      && recipe.model.adapterSource == nil
    let isKept = recipe.adapter == nil && !isResuming
    let isLoaded = recipe.objective.reference.map { ($0 != .start || !isKept) && !isShared } ?? false
    let reference = recipe.objective.needsReferenceInSteps && !isShared
    // Before the first step the reference scores the data.
    let scoring = isLoaded && !reference ? weights + forward : 0
    let working = max(step.reduce(0) { $0 + $1.bytes }, evaluation, scoring)
    var parts = [
      ("program", Self.program), ("weights", weights), ("reference model", reference ? weights : 0),
      ("optimizer", Self.moments(recipe, trained: trained, ranks: ranks)),
      ("buckets", ranks > 1 ? Self.buckets(trained: trained) : 0), ("data", 5 * load.heldTokens),
      ("prefetched batches", Self.batchBytes(recipe) * load.places),
    ]
    if working == scoring, scoring > 0 {
      parts.append(("scores of the reference", scoring))
    } else if working == evaluation, evaluation > 0 {
      parts.append(("evaluation", evaluation))
    } else {
      parts += step
    }
    self.parts = parts.filter { $0.1 > 0 }
  }

  private static func moments(_ recipe: Recipe, trained: Double, ranks: Int) -> Double {
    let all = Double(recipe.optimizer.algorithm.stateSize) * trained
    return recipe.optimizer.shardsState ? all / Double(ranks) : all
  }

  /// Gradients that are on their way, and those of others.
  private static func buckets(trained: Double) -> Double {
    2 * 4 * min(trained, Double(GradientExchange.most * BucketLayout.usualSize))
  }

  /// What a step adds to weights and moments.
  private static func step(
    _ recipe: Recipe, _ model: ModelDimensions, _ load: StepLoad, trained: Double
  ) -> [(name: String, bytes: Double)] {
    let (c, places) = (model.width, load.largest)
    let block = model.keptActivations + model.innerWidth + 2 * c
    // With recomputation the stream alone is kept, its sum and the branch that is yet to be added, and one block is whole.
    let kept = model.layers * (recipe.training.recompute ? 2 * c : model.keptActivations) + 2 * c
    let inBlock = recipe.training.recompute ? block : model.innerWidth + c
    let head =
      logits(load, model, keepsGradients: recipe.examples.answersPerSample > 0) + 4 * (model.adaptation?.head ?? 0)
    let start = 4 * places * (kept + c) + max(head, 4 * places * inBlock)
    let gradients = 4 * trained
    let first = load.parts > 1 ? gradients : min(gradients, 4 * model.vocabulary * c)
    let end = gradients + 4 * places * block
    return first + start > end
      ? [("gradients", first), ("activations", start)] : [("gradients", gradients), ("activations", end - gradients)]
  }

  /// The logits that exist at a time: a chunk, or for whole answers their gradients, if these are few enough to be kept.
  private static func logits(_ load: StepLoad, _ model: ModelDimensions, keepsGradients: Bool) -> Double {
    let all = load.supervised * model.vocabulary
    if keepsGradients, all <= 0x1p25 { return 4 * (all + load.supervised * model.width) }
    return chunk(rows: load.supervised, model)
  }

  private static func chunk(rows: Double, _ model: ModelDimensions) -> Double {
    guard rows.isFinite, rows < 0x1p40, model.vocabulary < 0x1p40 else { return 4 * 0x1p25 }
    let chunk = headChunk(rows: max(1, Int(rows)), vocabulary: max(1, Int(model.vocabulary)))
    return 4 * min(rows, Double(chunk)) * model.vocabulary
  }

  /// A pass without gradients.
  private static func forwardPass(_ model: ModelDimensions, places: Double) -> Double {
    4 * places * (model.blockActivations + model.innerWidth + 4 * model.width) + chunk(rows: places, model)
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
