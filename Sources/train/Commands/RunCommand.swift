import Runs

struct RunCommand: RunStart {
  static let name = "run"
  static let summary = "Runs a recipe of any task"
  static let examples = ["train run tiny"]
  static let task: Recipe.Task? = nil
  let recipe: Recipe
  let overwrite: Bool
  let isJSON: Bool
}
