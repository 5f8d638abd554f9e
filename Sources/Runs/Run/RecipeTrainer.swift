import Communication
import Models
import Training

extension Trainer {
  /// A trainer as a recipe describes it, on `ranks`.
  package convenience init(
    _ model: any LanguageModel, _ recipe: Recipe, ranks: any Communicator = SoloCommunicator()
  ) {
    model.setPrecision(recipe.training.precision)
    self.init(
      model, objective: recipe.objective, optimizer: recipe.optimizer.algorithm,
      maximumNorm: recipe.optimizer.maximumGradientNorm, recompute: recipe.training.recompute,
      seed: UInt64(recipe.seed), over: TrainingRanks(ranks, shardsState: recipe.optimizer.shardsState))
  }
}
