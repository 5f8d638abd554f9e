import Files
import Models
import Tokenizers

/// A model on disk: opening it reads the configuration and the tokenizer, weights are read on demand.
package struct StoredModel {
  package let configuration: any ModelConfiguration
  package let tokenizer: Tokenizer?
  /// The Jinja template that turns messages into a prompt; empty if the model has none.
  package let chatTemplate: String
  /// The tokens that end a text; nil for the tokenizer's.
  package let endTokens: [Int32]?
  /// The number of training steps that the weights have had.
  package let step: Int
  /// Remarks for the user, a line each.
  package let notes: [String]
  private let weights: any WeightSource

  /// A model from the parts that the reader of a file format has found.
  ///
  /// - Throws: `.tokenizer` when the tokenizer has more tokens than the model, `.model` when an end token is none of the
  ///   model's.
  package init(
    _ configuration: any ModelConfiguration, tokenizer: Tokenizer?, chatTemplate: String = "",
    endTokens: [Int32]? = nil, step: Int = 0, notes: [String] = [], weights: any WeightSource
  ) throws(Failure) {
    let path = weights.path
    if let tokenizer, tokenizer.vocabularySize > configuration.vocabularySize {
      throw Failure(
        .tokenizer, "the tokenizer has more tokens than the model", at: path,
        notes: ["tokenizer \(tokenizer.vocabularySize), model \(configuration.vocabularySize)"])
    }
    if let id = endTokens?.first(where: { $0 < 0 || $0 >= configuration.vocabularySize }) {
      throw Failure(.model, "the end token \(id) is no token of the model", at: path)
    }
    self.configuration = configuration
    if let known = tokenizer, known.endOfText == nil, let end = endTokens?.first, end < known.vocabularySize {
      self.tokenizer = try known.with(endOfText: end)
    } else {
      self.tokenizer = tokenizer
    }
    self.chatTemplate = chatTemplate
    self.endTokens = endTokens
    self.step = step
    self.notes = notes
    self.weights = weights
  }

  /// The file or folder of the model.
  package var path: String { weights.path }

  /// The model with its weights. Every tensor must be there in its shape, and no other.
  package func model() throws(Failure) -> any LanguageModel {
    try checkSize()
    let model = configuration.makeModel(seed: nil)
    try model.readWeights(from: weights)
    return model
  }

  /// Refuses a configuration with many more parameters than the file has, before any memory is allocated.
  private func checkSize() throws(Failure) {
    let stored = weights.shapes.reduce(0) { $0 + ($1.shape?.reduce(1, *) ?? 0) }
    let count = configuration.parameterCount
    if let count, count / 2 <= stored { return }
    throw Failure(
      .model, "the configuration is that of another model", at: path,
      notes: ["it describes \(count.map { "\($0)" } ?? "more than 2^63") parameters, the file holds \(stored)"])
  }
}

extension JSONValue {
  /// The tokens that a configuration's `eos_token_id` lists: an id or several; nil when it has none.
  package func endTokens(source: String) throws(Failure) -> [Int32]? {
    guard let value = self["eos_token_id"], !value.isNull else { return nil }
    let ids = (value.array ?? [value]).map { $0.integer.flatMap { Int32(exactly: $0) } }
    if ids.contains(nil) {
      throw Failure(.model, "eos_token_id is no token", at: source, notes: ["found \(value.found)"])
    }
    return ids.compactMap(\.self)
  }
}
