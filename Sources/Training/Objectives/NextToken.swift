import Corpus
import Files

/// The cross-entropy of the next token, a mean over all tokens that have one: -ln p(x_t | x_<t). It has no keys of its own.
package struct NextToken: Objective, Equatable {
  package static let name = "next_token"
  package static let examples = ExampleKind.windows

  package init(from section: inout SettingsSection) {}
  package init() {}

  package func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let (loss, tokens) = context.tokenLoss(batch)
    let accuracy = Measure("token_accuracy", sum: Double(tokens.correctCount), weight: Double(batch.weight))
    return StepLoss(loss, value: tokens.sum, measures: [accuracy])
  }
}
