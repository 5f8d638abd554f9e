import Corpus
import Files
import Inference
import Kernels
import ModelFiles
import Models
import Tokenizers
import Training

/// What a run of a recipe will take, estimated without training.
package struct Plan {
  package let parameters: Double
  /// Parameters that are trained: those of the adapters, where there are any.
  package let trained: Double
  /// Tokens of a step: of rows in the mean, of windows at most.
  package let tokensPerStep: Double
  /// Floating point operations of a step.
  package let flopsPerStep: Double
  /// The memory at the peak.
  package let memory: MemoryPlan
  /// Bytes of a checkpoint.
  package let checkpointSize: Double
  /// Tokens a second at four fifths of the measured speed of matrix products.
  package let tokensPerSecond: Double
  /// Steps of the run; nil where that depends on data that cannot be read.
  package let steps: Double?
  /// Steps of a pass over the data; nil where it was not read.
  package let epochSteps: Int?
  /// Why the data that the run's length depends on cannot be read; nil if it can.
  package let dataFailure: Failure?
  /// Seconds of training.
  package var seconds: Double? { steps.map { $0 * tokensPerStep / tokensPerSecond } }
  /// Bytes of all checkpoints that are kept.
  package let disk: Double

  /// What several ranks make of it; nil for one process.
  package let ranks: RanksPlan?

  /// The share of the matrix products' speed that a training step reaches.
  private static let efficiency = 0.8

  /// - Parameters:
  ///   - ranks: the processes that train together, each on a machine like this one; memory is that of each.
  ///   - bandwidth: bytes a second of each one's link.
  package init(_ recipe: Recipe, ranks: Int = 1, bandwidth: Double? = nil) throws(Failure) {
    if let threads = recipe.threads { Parallel.threads = threads }
    let configuration = try recipe.modelConfiguration()
    let model = try recipe.dimensions(of: configuration)
    let length = recipe.data.sequenceLength ?? configuration.maximumPositions
    let (data, failure) = Self.data(of: recipe)
    dataFailure = failure
    epochSteps = data.map { recipe.batches(of: $0).count }
    (parameters, trained) = (model.parameters, model.trained)
    let all = data?.order.count ?? recipe.mostSamples(length: length) ?? .max
    let batch = min(recipe.training.batchSize, all)
    let tokens = Self.tokens(of: recipe, samples: batch, length: length, data)
    tokensPerStep = tokens
    flopsPerStep = model.trainingFLOPs(tokens: tokens, length: Double(length))
    let alone = flopsPerStep / (Self.efficiency * GEMMPeak.measure(recipe.training.precision))
    let plan =
      ranks == 1
      ? nil
      : RanksPlan(
        ranks: ranks, samples: batch, trained: model.trained, seconds: alone,
        parts: StepLoad(recipe, length: length, samples: all).parts, bandwidth: bandwidth)
    self.ranks = plan
    tokensPerSecond = tokens / (plan?.seconds ?? alone)
    memory = try MemoryCheck(
      recipe: recipe, model: model, length: length, data: data, isResuming: false, ranks: ranks
    ).plan(recipe)
    // Weights, and two moments beside them.
    checkpointSize = 12 * model.trained
    disk = checkpointSize * Double(recipe.checkpoint.keepLast + (recipe.checkpoint.keepBest ? 1 : 0))
    steps = try Self.steps(of: recipe, tokensPerStep: tokens, data)
  }

  /// The data of the run, or why it cannot be read; neither where the plan does not depend on it.
  private static func data(of recipe: Recipe) -> (data: (any SampleLoader)?, failure: Failure?) {
    // Rows are as long as they are; windows all have one length, and are counted where the run's length depends on them.
    if case .steps = recipe.training.duration, recipe.examples == .windows { return (nil, nil) }
    do throws(Failure) {
      return (try Preparation(recipe, note: { _ in }).data.train, nil)
    } catch {
      return (nil, error)
    }
  }

  /// The tokens of a step of so many `samples`: the mean of the data where it is known, else the most.
  private static func tokens(
    of recipe: Recipe, samples: Int, length: Int, _ data: (any SampleLoader)?
  ) -> Double {
    guard let epoch = data?.epochTokens else {
      return Double(samples) * Double(length) * Double(recipe.examples.sequencesPerSample)
    }
    return Double(samples) * Double(epoch.tokens) / Double(epoch.samples)
  }

  private static func steps(
    of recipe: Recipe, tokensPerStep: Double, _ data: (any SampleLoader)?
  ) throws(Failure) -> Double? {
    if let data { return try Double(recipe.steps(over: data)) }
    return switch recipe.training.duration {
    case .steps(let steps): Double(steps)
    case .tokens(let count): (Double(count) / tokensPerStep).rounded(.up)
    case .epochs: nil
    }
  }
}

extension Recipe {
  /// The configuration of the model that is trained: read from where it comes from, or described.
  func modelConfiguration() throws(Failure) -> any ModelConfiguration {
    if let stored = try model.stored() { return stored.configuration }
    let description = model.description!
    var tokens = description.vocabularySize ?? tokenizer?.vocabularySize
    if tokens == nil, case .from(let path)? = tokenizer {
      tokens = (try? Tokenizers.Tokenizer(at: path))?.vocabularySize
    }
    return description.configuration(vocabularySize: tokens ?? 257)
  }

  /// The sizes of a model of a configuration, with what is trained of it.
  ///
  /// - Throws: `.model` for adapters that do not fit it.
  package func dimensions(of configuration: any ModelConfiguration) throws(Failure) -> ModelDimensions {
    var dimensions = configuration.dimensions
    guard let adapter else { return dimensions }
    let sizes = try configuration.makeModel(seed: nil).adapterSizes(with: adapter.adapter)
    let (matrixBytes, tableBytes) = try bytes(of: adapter)
    dimensions.adaptation = ModelDimensions.Adaptation(
      trained: Double(sizes.trained), matrixBytes: matrixBytes, tableBytes: tableBytes,
      blockActivations: Double(sizes.activations) / max(1, dimensions.layers), head: Double(sizes.head))
    return dimensions
  }

  /// The bytes of a number of a frozen matrix, and of a frozen table or head.
  private func bytes(of adapter: AdaptedBase) throws(Failure) -> (matrix: Double, table: Double) {
    switch adapter.form {
    case .floats: (4, 4)
    case .rounded(let format): (Double(format.blockSize) / Double(format.blockCount), 2)
    case .gguf: try model.stored()?.bytes(as: adapter) ?? (4, 4)
    }
  }
}
