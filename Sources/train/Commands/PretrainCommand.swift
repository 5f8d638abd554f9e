import Runs

struct PretrainCommand: RunStart {
  static let name = "pretrain"
  static let summary = "Trains a model from text"
  static let task: Recipe.Task? = .pretrain
  let recipe: Recipe
  let overwrite: Bool
}
