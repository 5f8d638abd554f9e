import Runs

struct PretrainCommand: RunStart {
  static let name = "pretrain"
  static let summary = "Trains a model from text"
  static let examples = [
    "train pretrain tiny",
    "train pretrain shakespeare-char data.train=mytext.txt run=checkpoints/mytext",
  ]
  static let task: Recipe.Task? = .pretrain
  let recipe: Recipe
  let overwrite: Bool
  let isJSON: Bool
}
