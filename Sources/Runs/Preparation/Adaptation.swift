import Files
import ModelFiles
import Models

/// What a run that trains adapters needs to know of the model that they adapt.
struct Adaptation {
  let settings: AdaptedBase
  /// Where the base model is, and what identifies it.
  let base: String
  let digest: String
  /// Whether the run began with an adapter that changes nothing.
  private let isNew: Bool

  /// - Parameter start: the model that the run starts with, or the checkpoint that it resumes from.
  /// - Throws: `.model` for a base that cannot be adapted; `.recipe` for a chat template that needs more tokens than it has, and for
  ///   another adapter than that of the run or of the model that it starts with.
  init(
    _ settings: AdaptedBase, _ model: Recipe.Model, _ start: StoredModel, isResuming: Bool,
    _ configuration: any ModelConfiguration
  ) throws(Failure) {
    (self.settings, base, isNew) = (settings, model.source!, model.adapterSource == nil)
    guard configuration.vocabularySize == start.configuration.vocabularySize else {
      throw Failure(
        .recipe, "the chat template needs tokens that the model to adapt has not", at: base,
        notes: ["choose a data.template whose tokens it has, such as plain, or train the whole model"])
    }
    _ = try start.packing(for: settings)
    if isResuming {
      guard let adapter = start.adapter, let known = adapter.baseDigest, adapter.settings == settings else {
        throw Self.isAnother(at: start.path)
      }
      digest = known
      return
    }
    try Self.check(start, fits: settings, at: model.adapterSource)
    digest = try start.weightsDigest()
  }

  /// Refuses a model to start with that has an adapter of its own, other than one of PEFT's with the `settings` of the recipe.
  static func check(_ start: StoredModel, fits settings: AdaptedBase, at path: String?) throws(Failure) {
    guard let adapter = start.adapter else { return }
    guard adapter.baseDigest == nil else { throw Failure.baseHasAdapter(at: start.path) }
    try adapter.check(settings.adapter, of: start, at: path)
  }

  /// The failure of a run that would go on with another adapter than it began with.
  static func isAnother(at path: String) -> Failure {
    Failure(
      .recipe, "a run goes on with the adapter that it began with", at: path,
      notes: ["leave \"adapter\" as it was, or begin another run"])
  }

  /// The model that the run began with, as far as the trained one still holds it: its base, where the adapter began as nothing.
  func reference(_ model: any LanguageModel) -> (any LanguageModel)? { isNew ? model.base : nil }

  /// The model with its adapter: a new one that changes nothing, or that of the checkpoint or of the model that the run starts with.
  func model(_ start: StoredModel, seed: UInt64) throws(Failure) -> any LanguageModel {
    if var adapter = start.adapter {
      adapter.settings = settings
      return try start.adaptedModel(adapter)
    }
    let model = try start.base(packing: start.packing(for: settings))
    try model.attach(settings.adapter, seed: seed)
    return model
  }
}

extension StoredAdapter {
  /// - Throws: `.recipe` where an adapter of `base` with the configuration that a recipe has is another one.
  fileprivate func check(
    _ configuration: AdapterConfiguration, of base: StoredModel, at path: String?
  ) throws(Failure) {
    let model = base.configuration.makeModel(seed: nil)
    guard try model.hasSameWeights(with: settings.adapter, configuration) else {
      throw Failure(
        .recipe, "\"adapter\" is not the one that the model starts with", at: path,
        notes: ["give it the keys of its adapter_config.json, or leave one of the two out"])
    }
  }
}

extension Recipe {
  /// Refuses an adapter that cannot begin, is not that of the model, or cannot be merged into a model that is trained whole: what a
  /// run would find out, as far as its files are there.
  package func checkAdapter() throws(Failure) {
    if model.adapterSource == nil { try adapter?.adapter.checkStart() }
    guard adapter != nil || model.adapterSource != nil, model.sources.allSatisfy({ Path.exists($0.path) }),
      let stored = try model.stored()
    else { return }
    guard let settings = adapter else { return try stored.checkMerge() }
    try Adaptation.check(stored, fits: settings, at: model.adapterSource)
  }
}
