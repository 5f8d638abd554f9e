import Files
import Inference
import Kernels
import ModelFiles
import Models
import Training

/// What a run of a recipe will take, estimated without training.
package struct Plan {
  package let parameters: Int
  /// Tokens of a step, at most.
  package let tokensPerStep: Int
  /// Floating point operations of a step.
  package let flopsPerStep: Double
  /// Bytes of memory at the peak, within about a fifth.
  package let memory: Int
  /// Bytes of a checkpoint.
  package let checkpointSize: Int
  /// Tokens a second at four fifths of the measured speed of matrix products.
  package let tokensPerSecond: Double
  /// Steps of the run; nil where that depends on the data.
  package let steps: Int?
  /// Seconds of training.
  package var seconds: Double? { steps.map { Double($0 * tokensPerStep) / tokensPerSecond } }
  /// Bytes of all checkpoints that are kept.
  package let disk: Int

  /// The share of the matrix products' speed that a training step reaches.
  private static let efficiency = 0.8

  package init(_ recipe: Recipe) throws(Failure) {
    if let threads = recipe.threads { Parallel.threads = threads }
    let configuration: any ModelConfiguration
    if let source = recipe.model.source {
      configuration = try StoredModel(at: source).configuration
    } else {
      let description = recipe.model.description!
      configuration = description.configuration(
        vocabularySize: description.vocabularySize ?? recipe.tokenizer?.vocabularySize ?? 257)
    }
    let model = configuration.makeModel(seed: nil)
    let length = recipe.data.sequenceLength ?? configuration.maximumPositions
    let samples = recipe.training.batchSize
    parameters = model.parameterCount
    tokensPerStep = samples * length * recipe.examples.sequencesPerSample
    flopsPerStep = model.trainingFLOPs(tokens: tokensPerStep, length: length)
    tokensPerSecond = Self.efficiency * GEMMPeak.measure() * Double(tokensPerStep) / flopsPerStep
    memory = Self.memory(model, recipe, length: length)
    // Weights, and two moments beside the trained ones.
    checkpointSize = 4 * model.parameterCount + 8 * model.trainedParameterCount
    disk = checkpointSize * (recipe.checkpoint.keepLast + (recipe.checkpoint.keepBest ? 1 : 0))
    steps =
      switch recipe.training.duration {
      case .steps(let steps): steps
      case .tokens(let tokens): (tokens + tokensPerStep - 1) / tokensPerStep
      case .epochs: nil
      }
  }
}

extension Plan {
  /// Bytes of memory that training `model` takes at the peak, within about a fifth: weights, the gradients and the optimizer's
  /// moments of the trained ones, and what a micro-batch of samples of `length` tokens keeps for its backward pass.
  package static func memory(_ model: any LanguageModel, _ recipe: Recipe, length: Int) -> Int {
    let sample = length * recipe.examples.sequencesPerSample
    let atOnce =
      switch recipe.microBatchSize {
      case .samples(let count): sample * count
      case .tokens(let count): max(sample, min(count, sample * recipe.training.batchSize))
      }
    return 4 * model.parameterCount + (4 + recipe.optimizer.algorithm.stateSize) * model.trainedParameterCount
      + atOnce * model.activationBytes(recompute: recipe.training.recompute)
  }
}

extension LanguageModel {
  /// Bytes that a training step keeps for each token, about: a block keeps some 1.6 numbers for each channel that its matrices
  /// give out (measured on both architectures), the head a chunk of logits.
  fileprivate func activationBytes(recompute: Bool) -> Int {
    let width = head.shape[1]
    let (outputs, layers) = (backbone.multipliedWeights / width, backbone.cacheShape.layers)
    let kept = recompute ? 2 * width * layers + 2 * outputs / layers : 8 * outputs / 5
    return 4 * (kept + 4 * width)
  }
}
