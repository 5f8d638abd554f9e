import Corpus
import Files
import Models

/// Supervised fine-tuning: the cross-entropy of the trained tokens of conversations, -ln p(x_t | x_<t), a mean over all
/// trained tokens of the step.
package struct SFT: Objective, Equatable {
  package static let name = "sft"
  package static let examples = ExampleKind.conversations

  private let lossOn: LossOn
  /// The strength of the noise on the embeddings; 0 for none.
  private let noiseAlpha: Double

  package init(from section: inout SettingsSection) {
    lossOn = section.value(
      "loss_on", .oneOf(LossOn.self), default: .assistant,
      "The tokens that are trained: every answer, the last one, or all")
    noiseAlpha = section.value(
      "neftune_noise_alpha", .number(from: 0), default: 0, "Strength of NEFTune's noise on the embeddings; 0 is none")
  }

  package init(lossOn: LossOn = .assistant, noiseAlpha: Double = 0) {
    (self.lossOn, self.noiseAlpha) = (lossOn, noiseAlpha)
  }

  /// Noise is drawn for each example, so that none can share its beginning.
  package var conversations: ConversationOptions {
    ConversationOptions(lossOn: lossOn, sharesBeginnings: noiseAlpha == 0)
  }

  package func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let noise = context.noiseSeed.map { EmbeddingNoise(alpha: noiseAlpha, seed: $0) }
    let (loss, tokens) = context.tokenLoss(batch, noise: noiseAlpha > 0 ? noise : nil)
    let weight = Double(batch.weight)
    return StepLoss(
      loss, value: tokens.sum,
      measures: [
        Measure("mean_token_accuracy", sum: Double(tokens.correctCount), weight: weight),
        Measure("supervised_share", sum: weight, weight: Double(batch.tokenCount)),
      ])
  }
}
