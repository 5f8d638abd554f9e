import Files
import Models
import Tokenizers

/// A model on disk, opened: what it is and what belongs to it at once, its weights on demand.
package struct StoredModel {
  package let configuration: any ModelConfiguration
  package let tokenizer: Tokenizer?
  /// The text that makes messages one prompt; empty if the model has none.
  package let chatTemplate: String
  /// The tokens that end a text; nil leaves that to the tokenizer.
  package let endTokens: [Int32]?
  /// The training steps behind the weights.
  package let step: Int
  /// What its user should know about it, a line each.
  package let notes: [String]
  private let weights: any WeightSource

  /// A model of parts that a file format has read.
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

  /// The file or folder the model lies in.
  package var path: String { weights.path }

  /// The model with its weights. Every tensor must be there, in its shape, and no other.
  package func model() throws(Failure) -> any LanguageModel {
    try checkSize()
    let model = configuration.makeModel(seed: nil)
    try model.readWeights(from: weights)
    return model
  }

  /// Refuses a configuration that asks for much more memory than the stored weights fill, before any is taken.
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
