import Corpus
import Files
import Models
import Tokenizers

extension SuiteSet {
  /// The suites that a recipe names, in the files that were read for it, for its model; nil if it names none.
  init?(
    _ settings: Recipe.Evaluation, _ files: [SuiteFile], _ tokenizer: Tokenizer?, _ beginningToken: Int32?,
    _ configuration: any ModelConfiguration
  ) throws(Failure) {
    if files.isEmpty { return nil }
    guard let tokenizer else {
      throw Failure(
        .recipe, "evaluation.suites needs a tokenizer", notes: ["suites are text, and have to become tokens"])
    }
    var options = Options()
    options.limit = settings.suiteLimit
    try self.init(
      files, tokenizer: tokenizer, beginningToken: beginningToken, positions: configuration.maximumPositions,
      options: options)
  }
}
