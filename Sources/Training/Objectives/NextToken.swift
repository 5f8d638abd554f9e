import Autograd
import Corpus
import Files
import Models

/// The cross-entropy of the next token, a mean over all tokens that have one: -ln p(x_t | x_<t). It has no keys of its own.
package struct NextToken: Objective, Equatable {
  package static let name = "next_token"
  package static let task = TrainingTask.pretrain

  package init(from section: inout SettingsSection) {}
  package init() {}

  package var examples: ExampleKind { .windows }

  package func weight(of batch: Batch) -> Double { Double(batch.weight) }

  package func loss(
    _ model: any LanguageModel, _ batch: Batch, context: StepContext, measures: inout Measures
  ) -> Tensor {
    let (loss, seen) = model.tokenLoss(batch, context)
    measures.add("loss", seen.sum, weight: Double(batch.weight))
    measures.add("token_accuracy", seen.hitCount, weight: Double(batch.weight))
    return loss
  }
}
