import Runs

struct RunCommand: RunStart {
  static let name = "run"
  static let summary = "Runs a recipe of any task"
  static let task: Recipe.Task? = nil
  let recipe: Recipe
  let overwrite: Bool
}
