import Files
import Inference
import Models
import Tokenizers

/// Texts that a model writes during training.
enum Samples {
  /// What the model writes after `prompt`, until the end of the text or `maximumTokens`.
  static func continuation(
    of prompt: String, _ model: any LanguageModel, _ tokenizer: Tokenizer, _ settings: Recipe.Evaluation, seed: UInt64
  ) throws(Failure) -> String {
    var options = GenerationOptions()
    options.sampling.temperature = settings.temperature
    options.maximumTokens = settings.maximumTokens
    options.seed = seed
    let generator = TextGenerator(model, tokenizer)
    return try generator.complete(generator.tokens(ofPrompt: prompt), options: options).text
  }
}
