import Autograd
import Corpus
import Models

extension LanguageModel {
  /// The final hidden states [B, T, C] of a batch.
  package func hiddenStates(_ batch: Batch, _ context: StepContext, noise: EmbeddingNoise? = nil) -> Tensor {
    let places = TokenPlaces(
      positions: batch.positions, documentStarts: batch.documentStarts,
      hidden: batch.hidden.map { ($0.starts, $0.ends) })
    return hiddenStates(
      batch.tokens, shape: [batch.rows, batch.columns], attention: .sequences(places), recompute: context.recompute,
      noise: noise)
  }

  /// The sum of -ln p(target) over the batch's targets, and the single losses.
  package func tokenLoss(
    _ batch: Batch, _ context: StepContext, noise: EmbeddingNoise? = nil
  ) -> (loss: Tensor, seen: TokenLosses) {
    var seen: TokenLosses?
    let hidden = hiddenStates(batch, context, noise: noise)
    let loss = headCrossEntropy(hidden, head.tensor, targets: batch.targets) { seen = $0 }
    return (loss, seen!)
  }
}

extension TokenLosses {
  /// The sum of the losses.
  package var sum: Double { losses.reduce(0) { $0 + Double($1) } }
  /// How many tokens the model would have guessed.
  package var hitCount: Double { Double(hits.count { $0 }) }
}
