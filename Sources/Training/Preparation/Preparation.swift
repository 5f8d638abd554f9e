import Corpus
import Files
import Inference
import Interchange
import Models
import Tokenizers

/// What a run needs before its first step: tokenizer, model and data.
package struct Preparation {
  package let tokenizer: Tokenizer?
  package let configuration: any ModelConfiguration
  package let data: TrainingData
  package let sequenceLength: Int
  /// The text that makes messages one prompt; empty if the model has none.
  package let chatTemplate: String
  /// The tokens that end a text of the model training begins with; nil leaves that to the tokenizer.
  package let endTokens: [Int32]?
  /// What the weights come from; nil for those of a new model.
  private let start: StoredModel?
  private let seed: UInt64

  /// Prepares everything that `recipe` names. `checkpoint` is that of a run that goes on.
  package init(_ recipe: Recipe, resuming checkpoint: StoredModel? = nil, note: (String) -> Void) throws(Failure) {
    try BuiltInCorpus.provide(for: recipe.data, note: note)
    var (start, named) = (checkpoint, Tokenizer?.none)
    if checkpoint == nil {
      if let source = recipe.model.source { start = try StoredModel(at: source) }
      named = try TokenizerSource.tokenizer(for: recipe, note: note)
    }
    for remark in start?.notes ?? [] { note("note: \(remark)") }
    self.start = start
    tokenizer = named ?? start?.tokenizer
    chatTemplate = start?.chatTemplate ?? ""
    endTokens = start?.endTokens
    configuration = try Self.configuration(recipe, start: start, tokenizer: tokenizer)
    sequenceLength = recipe.data.sequenceLength ?? configuration.maximumPositions
    seed = UInt64(recipe.seed)
    guard sequenceLength <= configuration.maximumPositions else {
      throw Failure(
        .recipe,
        "sequence_length (\(sequenceLength)) must not exceed the model's positions (\(configuration.maximumPositions))")
    }
    data = try TrainingData(
      recipe, tokenizer: tokenizer, vocabularySize: configuration.vocabularySize, sequenceLength: sequenceLength,
      note: note)
    for warning in data.warnings { note("warning: \(warning)") }
  }

  /// The model that training begins with.
  package func model() throws(Failure) -> any LanguageModel {
    try start?.model() ?? configuration.makeModel(seed: seed)
  }

  private static func configuration(
    _ recipe: Recipe, start: StoredModel?, tokenizer: Tokenizer?
  ) throws(Failure) -> any ModelConfiguration {
    if let start { return start.configuration }
    let description = recipe.model.description!
    let needed = tokenizer?.vocabularySize
    guard let size = description.vocabularySize ?? needed else {
      throw Failure(.recipe, "the size of the vocabulary is not known", notes: ["give model.vocab_size or a tokenizer"])
    }
    if let needed, size < needed {
      throw Failure(
        .tokenizer, "the model's vocabulary is too small for the tokenizer",
        notes: ["model.vocab_size is \(size), the tokenizer has \(needed) tokens"])
    }
    return description.configuration(vocabularySize: size)
  }
}

extension Recipe.Model {
  /// The run, checkpoint or folder the model comes from.
  var source: String? {
    if case .from(let path) = self { path } else { nil }
  }
}
