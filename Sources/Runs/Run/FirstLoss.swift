import Files
import Foundation
import Models
import Training

/// What the loss of a run's first step should be, where that is known: ln V for a new model, and ln 2 for the loss `sigmoid`
/// when the reference is the model itself, which must then hold unless dropout or rounding sets the two apart.
package struct FirstLoss {
  /// The loss beside the expected one.
  package let note: String
  /// What is wrong, if the loss cannot be right.
  package private(set) var failure: Failure?

  /// Nil where nothing is known about the first loss.
  package init?(_ loss: Double, of recipe: Recipe, vocabularySize: Int) {
    let objective = recipe.objective
    if objective.reference == .start, let expected = objective.lossAtReference {
      note = "first loss \(Progress.fixed(loss, 4)), of a model that is its reference \(Progress.fixed(expected, 4))"
      // In bfloat16 the last digits of a sum decide how the next product's operands are rounded, and sums differ in theirs with the
      // samples beside: by some hundredths for answers of hundreds of tokens.
      let tolerance = objective.lossAtReferenceTolerance * (recipe.training.precision == .bfloat16 ? 20 : 1)
      let isNear = abs(loss - expected) <= tolerance * max(1, abs(expected))
      if !isNear, !Self.isSetApart(recipe) {
        failure = Failure(
          .verification, "the model does not begin as its own reference",
          notes: ["its first loss is \(loss), expected \(expected)", "delete \(ReferenceScores.cache) and start again"])
      }
    } else if recipe.model.source == nil, objective.measuresTokens {
      let expected = log(Double(vocabularySize))
      note =
        "first loss \(Progress.fixed(loss, 4)), ln(vocabulary) is \(Progress.fixed(expected, 4))"
        + (abs(loss - expected) > 0.1 * expected ? ": unusual for a fresh model" : "")
    } else {
      return nil
    }
  }

  /// Whether the first step computes something else than the reference: inputs are dropped of an adapter that changes the model
  /// already, or bfloat16 rounds a base and the part that was taken out of it one by one.
  private static func isSetApart(_ recipe: Recipe) -> Bool {
    guard let adapter = recipe.adapter?.adapter else { return false }
    let isPrincipal = adapter.start.isPrincipal
    let isDropped = adapter.dropout > 0 && (isPrincipal || recipe.model.adapterSource != nil)
    return isDropped || (isPrincipal && recipe.training.precision == .bfloat16)
  }
}
