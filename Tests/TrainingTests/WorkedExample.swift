import Autograd
import Corpus
import Files
import Training

/// The focal loss of the next token, -(1 - p)^gamma ln p (Lin et al. 2017): tokens the model is sure of count less.
struct FocalLoss: Objective {
  static let name = "focal"
  static let examples = ExampleKind.windows
  private let gamma: Double

  init(from section: inout SettingsSection) {
    gamma = section.value("gamma", .number(from: 1), default: 2, "How much less a sure token counts")
  }

  func loss(_ batch: Batch, _ context: StepContext) -> StepLoss {
    let logp = context.logProbabilities(batch)
    return StepLoss(-(pow(1 - exp(logp), Float(gamma)) * logp).sum())
  }
}
