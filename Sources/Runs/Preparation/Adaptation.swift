import Files
import ModelFiles
import Models

/// What a run that trains adapters needs to know of the model that they adapt.
struct Adaptation {
  let settings: AdaptedBase
  /// Where the base model is, and what identifies it.
  let base: String
  let digest: String

  /// - Parameter start: the base model, or the checkpoint that the run resumes from.
  /// - Throws: `.model` for a base that cannot be adapted; `.recipe` for a chat template that needs more tokens than it has, and for
  ///   another adapter than that of the run.
  init(
    _ settings: AdaptedBase, base: String, _ start: StoredModel, isResuming: Bool,
    _ configuration: any ModelConfiguration
  ) throws(Failure) {
    (self.settings, self.base) = (settings, base)
    guard configuration.vocabularySize == start.configuration.vocabularySize else {
      throw Failure(
        .recipe, "the chat template needs tokens that the model to adapt has not", at: base,
        notes: ["choose a data.template whose tokens it has, such as plain, or train the whole model"])
    }
    guard isResuming else {
      guard start.adapter == nil else { throw start.hasAdapter }
      digest = try start.weightsDigest()
      return
    }
    guard let adapter = start.adapter, adapter.settings == settings else { throw Self.isAnother(at: start.path) }
    digest = adapter.baseDigest
  }

  /// The failure of a run that would go on with another adapter than it began with.
  static func isAnother(at path: String) -> Failure {
    Failure(
      .recipe, "a run goes on with the adapter that it began with", at: path,
      notes: ["leave \"adapter\" as it was, or begin another run"])
  }

  /// The model with its adapter: a new one that changes nothing, or that of the checkpoint.
  func model(_ start: StoredModel, seed: UInt64) throws(Failure) -> any LanguageModel {
    if let adapter = start.adapter { return try start.adaptedModel(adapter) }
    let model = try start.base(packing: settings.packing)
    try model.attach(settings.adapter, seed: seed)
    return model
  }
}
