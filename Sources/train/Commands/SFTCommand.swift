import Runs

struct SFTCommand: RunStart {
  static let name = "sft"
  static let summary = "Fine-tunes a model on conversations or instruction pairs"
  static let examples = ["train sft smollm2-sft data.train=rows.jsonl", "train sft stories-sft training.epochs=1"]
  static let task: Recipe.Task? = .sft
  let recipe: Recipe
  let overwrite: Bool
  let isJSON: Bool
}
