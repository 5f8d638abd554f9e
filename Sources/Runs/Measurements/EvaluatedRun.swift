import Checkpoints
import Files
import Kernels
import ModelFiles
import Training

/// The run that a checkpoint is one of, as far as measuring it needs to know it.
struct EvaluatedRun {
  let recipe: Recipe
  let path: String
  /// What identifies its reference model, where the run has noted it.
  private let referenceIdentity: String?

  /// The member of a checkpoint's manifest that identifies the reference model.
  static let referenceKey = "reference"

  /// The run that `stored` is a checkpoint of, as if its products had `precision`; nil if it is none of one.
  init?(of stored: StoredModel, precision: ProductPrecision) throws(Failure) {
    let step = Folder.parent(of: stored.path)
    let run = Folder.parent(of: step)
    guard let checkpoint = try? Checkpoint(step, files: []), Path.exists("\(run)/resolved.json") else {
      return nil
    }
    var recipe = try RunFolder(existing: run).resolvedRecipe()
    recipe.training.precision = precision
    self.recipe = recipe
    path = run
    referenceIdentity = checkpoint.manifest[Self.referenceKey]?.string
  }

  /// The model that the run compares with, for `objective` to compare with; nil if the run compares with none.
  ///
  /// - Throws: `.model` if it is needed and is gone or another one.
  func reference(of stored: StoredModel, for objective: any Objective) throws(Failure) -> Reference? {
    do throws(Failure) {
      return try Reference(
        of: recipe, known: referenceIdentity, for: objective,
        ModelShape(configuration: stored.configuration, tokenizer: stored.tokenizer))
    } catch {
      throw Self.adding(error)
    }
  }

  /// What an evaluation can do without the run's reference.
  static func adding(_ error: Failure) -> Failure {
    var failure = error
    failure.notes.append("or give another with --reference MODEL, or take log-probabilities alone: --reference none")
    return failure
  }
}
