import Corpus
import Files
import Tokenizers

/// The samples of a run.
package struct TrainingData {
  package let train: any SampleLoader
  package let validation: (any SampleLoader)?
  /// What the user should know although it stops nothing.
  package let warnings: [String]

  /// Opens the data of `recipe` as the kind of example its objective reads; what is missing is prepared first.
  package init(
    _ recipe: Recipe, tokenizer: Tokenizer?, vocabularySize: Int, sequenceLength: Int, note: (String) -> Void
  ) throws(Failure) {
    switch recipe.objective.examples {
    case .windows:
      try self.init(
        windowsOf: recipe, tokenizer: tokenizer, vocabularySize: vocabularySize, sequenceLength: sequenceLength,
        note: note)
    }
  }

  private init(
    windowsOf recipe: Recipe, tokenizer: Tokenizer?, vocabularySize: Int, sequenceLength: Int, note: (String) -> Void
  ) throws(Failure) {
    let data = recipe.data
    let sources = PretrainingData.Sources(
      train: data.train, validation: data.validation, validationFraction: data.validationFraction, format: data.format)
    var isTold = false
    let opened = try PretrainingData.open(
      sources, tokenizer: tokenizer, vocabularySize: vocabularySize, options: .init(onError: data.onError)
    ) { progress in
      guard case .preparing = progress, !isTold else { return }
      isTold = true
      note("tokenizing the data")
    }
    func loader(_ stream: TokenStream, shuffle: Bool) throws(Failure) -> WindowLoader {
      try WindowLoader(
        stream, sequenceLength: sequenceLength, seed: UInt64(recipe.seed), shuffle: shuffle, packing: data.packing,
        documentMask: data.documentMask)
    }
    train = try loader(opened.train, shuffle: data.shuffle)
    validation = try opened.validation.map { (stream) throws(Failure) in try loader(stream, shuffle: false) }
    warnings = opened.warnings
  }
}
