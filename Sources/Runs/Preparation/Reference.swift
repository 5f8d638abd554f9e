import Communication
import Corpus
import Files
import ModelFiles
import Models
import Tokenizers
import Training

/// The model that a run's objective compares with.
package struct Reference {
  /// The model, where the objective needs it in every step.
  package let model: (any LanguageModel)?
  private let known: ReferenceScores
  /// Why there is no model but only scores in the cache; nil if there is one.
  private let absence: Failure?

  /// What identifies the model.
  package var identity: String { known.identity }

  /// The reference of a run of `recipe`; nil if its objective has none.
  ///
  /// - Parameters:
  ///   - start: the model that the run starts with, if it has it and has not trained it yet; or that it adapts.
  ///   - known: the identity that the reference has had so far. Scores of that model are taken from the cache where it is gone or
  ///     has changed, unless the model itself is needed.
  ///   - objective: what compares with it: that of the run, or another that measures its model.
  ///   - shape: what the trained model is.
  ///
  /// - Throws: `.model` if the model is needed and is gone or another one.
  package init?(
    of recipe: Recipe, start: (any LanguageModel)? = nil, known: String?, for objective: any Objective,
    _ shape: ModelShape
  ) throws(Failure) {
    guard let source = recipe.objective.reference else { return nil }
    let isNeeded = objective.needsReferenceInSteps
    do throws(Failure) {
      var (model, configuration) = (start, shape.configuration)
      // The model that a run starts with changes, unless adapters alone are trained.
      if source != .start || (isNeeded && !(start is BaseModel)) || start == nil {
        // The form that the run knows it in stays, whatever the precision is now.
        let keepsAdapter = known.map(ReferenceScores.keepsAdapter) ?? (recipe.training.precision != .float32)
        (model, configuration) = try shape.reference(source, recipe, keepsAdapter: keepsAdapter)
      }
      model!.setPrecision(recipe.training.precision)
      let found = ReferenceScores(of: model!, configuration)
      // Runs of earlier versions know the weights' digest alone.
      if let known, !found.identity.hasPrefix(known) {
        throw source.failure("the reference model is not the one that the run began with", recipe)
      }
      (self.known, absence) = (found, nil)
      self.model = isNeeded ? model : nil
    } catch {
      guard let known, error.area != .resources else { throw error }
      let isKnown = error.area == .model
      let failure = isKnown ? error : source.failure("the run's reference model is not to be had", recipe, error)
      if isNeeded { throw failure }
      self.known = ReferenceScores(known: known, precision: recipe.training.precision)
      (model, absence) = (nil, failure)
    }
  }

  /// The scores of the answers of each of the loader's samples.
  ///
  /// - Throws: `.model` if they are not in the cache and the model is gone or another one.
  package func scores(
    of loader: PairLoader, over ranks: any Communicator = SoloCommunicator(), note: (String) -> Void
  ) throws(Failure) -> [[Double]] {
    guard let scores = try known.scores(of: loader, over: ranks, note: note) else { throw absence! }
    if let absence { note("note: \(absence.what) (\(absence.place ?? "")): its scores come from the cache") }
    return scores
  }
}

extension ReferenceModel {
  /// What is wrong with the model, and what to do.
  fileprivate func failure(_ what: String, _ recipe: Recipe, _ reason: Failure? = nil) -> Failure {
    let (place, key) =
      switch self {
      case .start: (recipe.model.source ?? "the model of seed \(recipe.seed)", "model.from")
      case .stored(let path): (path, "objective.reference")
      }
    return Failure(
      .model, what, at: place,
      notes: (reason.map { [$0.what] + $0.notes } ?? []) + [
        "put it back as it was, or say where it is now with \(key)=PATH; a run stands for its newest checkpoint, one of its step "
          + "folders for that step"
      ])
  }
}

/// What a trained model is, as far as its reference has to fit it.
package struct ModelShape {
  package let configuration: any ModelConfiguration
  package let tokenizer: Tokenizer?

  package init(configuration: any ModelConfiguration, tokenizer: Tokenizer?) {
    (self.configuration, self.tokenizer) = (configuration, tokenizer)
  }

  /// - Parameter keepsAdapter: whether an adapter that the run goes on with stays beside its base also where that is of floats.
  fileprivate func reference(
    _ source: ReferenceModel, _ recipe: Recipe, keepsAdapter: Bool
  ) throws(Failure) -> (any LanguageModel, any ModelConfiguration) {
    switch source {
    case .start: try startingModel(of: recipe, keepsAdapter: keepsAdapter)
    case .stored(let path): try storedReference(at: path)
    }
  }

  /// The model that a run of `recipe` started with, loaded or initialised again.
  private func startingModel(
    of recipe: Recipe, keepsAdapter: Bool
  ) throws(Failure) -> (any LanguageModel, any ModelConfiguration) {
    guard var stored = try recipe.model.stored() else {
      return (configuration.makeModel(seed: UInt64(recipe.seed)), configuration)
    }
    var grown = stored.configuration
    grown.vocabularySize = max(grown.vocabularySize, configuration.vocabularySize)
    if let adapter = recipe.adapter, stored.adapter == nil {
      return (try stored.base(packing: stored.packing(for: adapter)), stored.configuration)
    }
    // What a run goes on from stays beside few bits, and beside weights that are rounded: merged, it would be rounded otherwise.
    if let adapter = recipe.adapter { stored.adapter?.settings.form = adapter.form }
    if recipe.adapter != nil, keepsAdapter, let adapter = stored.adapter {
      return (try stored.adaptedModel(adapter), stored.configuration)
    }
    return (try stored.model().grown(to: grown), grown)
  }

  /// The reference model at `path`, which must know the model's tokens.
  private func storedReference(at path: String) throws(Failure) -> (any LanguageModel, any ModelConfiguration) {
    let stored = try StoredModel(at: path)
    let (found, expected) = (stored.configuration.vocabularySize, configuration.vocabularySize)
    if let theirs = stored.tokenizer, let ours = tokenizer, theirs.json() != ours.json() {
      throw Failure(
        .model, "the reference model has another tokenizer", at: path,
        notes: ["log-probabilities of different tokens cannot be compared", "choose a model with the same tokenizer"])
    }
    guard found == expected else {
      throw Failure(
        .model, "the reference model has another vocabulary", at: path,
        notes: ["\(found) tokens, the model has \(expected)", "choose a model with the same tokenizer"])
    }
    return (try stored.model(), stored.configuration)
  }
}
