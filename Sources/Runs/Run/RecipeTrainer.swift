import Models
import Training

extension Trainer {
  /// A trainer as a recipe describes it.
  package convenience init(_ model: any LanguageModel, _ recipe: Recipe) {
    model.setPrecision(recipe.training.precision)
    self.init(
      model, objective: recipe.objective, optimizer: recipe.optimizer.algorithm,
      maximumNorm: recipe.optimizer.maximumGradientNorm, recompute: recipe.training.recompute,
      seed: UInt64(recipe.seed))
  }
}
