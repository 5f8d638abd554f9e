import Runs

struct DPOCommand: RunStart {
  static let name = "dpo"
  static let summary = "Fine-tunes a model on preferences between answers"
  static let task: Recipe.Task? = .dpo
  let recipe: Recipe
  let overwrite: Bool
}
