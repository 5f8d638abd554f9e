import Autograd
import Corpus
import Models

/// What an objective computes with: the model that is trained, and how.
package struct StepContext {
  package let model: any LanguageModel
  /// Whether a block's activations are computed again in the backward pass instead of kept.
  package let recompute: Bool
  /// What the random choices of a micro-batch start from; nil outside training, where nothing is random.
  package var noiseSeed: UInt64?
  /// The model that an objective compares with, where it scores answers that only the step brings together.
  package let reference: (any LanguageModel)?
  /// What the objective's shares of a mean over the step come to; nil where it has none.
  package var stepMean: Double?

  package init(
    _ model: any LanguageModel, recompute: Bool = false, noiseSeed: UInt64? = nil,
    reference: (any LanguageModel)? = nil
  ) {
    self.model = model
    self.recompute = recompute
    self.noiseSeed = noiseSeed
    self.reference = reference
  }
}

extension StepContext {
  /// The final hidden states [B, T, C] of a batch.
  package func hiddenStates(_ batch: Batch, noise: EmbeddingNoise? = nil) -> Tensor {
    return model.hiddenStates(
      batch.tokens, shape: [batch.rows, batch.columns], attention: .sequences(batch.layout), recompute: recompute,
      noise: noise)
  }

  /// ln p(target) at each place of a batch, [B T]; 0 where nothing is trained.
  package func logProbabilities(_ batch: Batch) -> Tensor {
    model.head.logProbabilities(hiddenStates(batch), targets: batch.targets)
  }

  /// The sum of -ln p(target) over the batch's targets, and the single losses.
  package func tokenLoss(_ batch: Batch, noise: EmbeddingNoise? = nil) -> (sum: Tensor, tokens: TokenLosses) {
    var tokens: TokenLosses?
    let hidden = hiddenStates(batch, noise: noise)
    let sum = model.head.crossEntropy(hidden, targets: batch.targets) { tokens = $0 }
    return (sum, tokens!)
  }
}
