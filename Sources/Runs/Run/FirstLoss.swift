import Files
import Foundation
import Models
import Training

/// What the loss of a run's first step should be, where that is known: ln V for a new model, and ln 2 for the loss `sigmoid`
/// when the reference is the model itself, which must then hold.
package struct FirstLoss {
  /// The loss beside the expected one.
  package let note: String
  /// What is wrong, if the loss cannot be right.
  package private(set) var failure: Failure?

  /// Nil where nothing is known about the first loss.
  package init?(_ loss: Double, of recipe: Recipe, vocabularySize: Int) {
    let objective = recipe.objective
    if objective.reference == .start, let expected = objective.lossAtReference {
      let isDrawn = recipe.dropsFromTheStart
      note =
        "first loss \(Progress.fixed(loss, 4)), of a model that is its reference \(Progress.fixed(expected, 4))"
        + (isDrawn ? " without dropout" : "")
      if !isDrawn, !(abs(loss - expected) <= objective.lossAtReferenceTolerance * max(1, abs(expected))) {
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
}

extension Recipe {
  /// Whether dropout changes the model of the first step: its adapter is more than nothing, that of a model or PiSSA's.
  fileprivate var dropsFromTheStart: Bool {
    guard let adapter = adapter?.adapter, adapter.dropout > 0 else { return false }
    return model.adapterSource != nil || adapter.start.isPrincipal
  }
}
