import Files
import Inference
import Models
import Tokenizers
import Training

/// Texts that a model writes during training.
enum Samples {
  /// What the model writes after `prompt`, or after the end of it that the model has positions for.
  static func continuation(
    of prompt: String, _ model: any LanguageModel, _ tokenizer: Tokenizer, _ settings: Recipe.Evaluation, seed: UInt64
  ) throws(Failure) -> String {
    var options = GenerationOptions()
    options.sampling.temperature = settings.temperature
    options.maximumTokens = settings.maximumTokens
    options.seed = seed
    let generator = TextGenerator(model, tokenizer)
    let tokens = try generator.tokens(ofPrompt: prompt).suffix(model.maximumPositions)
    return try generator.complete(Array(tokens), options: options).text
  }
}
