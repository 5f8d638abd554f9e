import Autograd
import Corpus
import Files
import Models

/// The cross-entropy of the next token, a mean over all tokens that have one: -ln p(x_t | x_<t). It has no keys of its own.
package struct NextToken: Objective, Equatable {
  package static let name = "next_token"
  package static let task = Recipe.Task.pretrain

  package init(from section: inout SettingsSection) {}
  package init() {}

  package var examples: ExampleKind { .windows }

  package func weight(of batch: Batch) -> Double { Double(batch.weight) }

  package func loss(
    _ model: any LanguageModel, _ batch: Batch, scale: Float, context: StepContext, measures: inout Measures
  ) -> Tensor {
    let hidden = model.hiddenStates(batch, context)
    var seen: TokenLosses?
    let loss = headCrossEntropy(hidden, model.head.tensor, targets: batch.targets, scale: scale) { seen = $0 }
    let weight = Double(batch.weight)
    measures.add("loss", seen!.losses.reduce(0) { $0 + Double($1) }, weight: weight)
    measures.add("token_accuracy", Double(seen!.hits.count { $0 }), weight: weight)
    return loss
  }
}

extension LanguageModel {
  /// The final hidden states [B, T, C] of a batch.
  package func hiddenStates(_ batch: Batch, _ context: StepContext) -> Tensor {
    hiddenStates(
      batch.tokens, shape: [batch.rows, batch.columns],
      attention: .sequences(TokenPlaces(positions: batch.positions, documentStarts: batch.documentStarts)),
      recompute: context.recompute)
  }
}
