import Runs

struct SFTCommand: RunStart {
  static let name = "sft"
  static let summary = "Fine-tunes a model on conversations or instruction pairs"
  static let task: Recipe.Task? = .sft
  let recipe: Recipe
  let overwrite: Bool
}
