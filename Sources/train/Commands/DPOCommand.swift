import Runs

struct DPOCommand: RunStart {
  static let name = "dpo"
  static let summary = "Fine-tunes a model on preferences between answers"
  static let examples = ["train dpo smollm2-dpo data.train=pairs.jsonl", "train dpo stories-dpo objective.beta=0.05"]
  static let task: Recipe.Task? = .dpo
  let recipe: Recipe
  let overwrite: Bool
  let isJSON: Bool
}
