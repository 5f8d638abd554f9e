import Files
import Inference
import Models
import Tokenizers
import Training

/// Texts that a model writes during training.
enum Samples {
  /// What the model writes after `prompt`, or after the end of it that the model has positions for. A prompt of a run that
  /// reads conversations is a user's turn, and what the model writes is its answer.
  static func continuation(
    of prompt: String, _ model: any LanguageModel, _ format: TextFormat, _ settings: Recipe.Evaluation, seed: UInt64
  ) throws(Failure) -> String {
    guard let tokenizer = format.tokenizer else { preconditionFailure("samples of a model without a tokenizer") }
    let generator = TextGenerator(model, tokenizer, endTokens: format.chat?.stopTokens)
    let all: [Int32]
    if let chat = format.chat {
      all = try chat.encode([Message(role: "user", content: prompt)], addingGenerationPrompt: true).tokens
    } else {
      all = try generator.tokens(ofPrompt: prompt)
    }
    let tokens = all.suffix(model.maximumPositions)
    return try generator.complete(Array(tokens), options: options(settings, format, seed: seed)).text
  }

  /// What the model answers to a prompt that is tokens already; empty where it has no positions for that.
  static func answer(
    to prompt: [Int32], _ model: any LanguageModel, _ format: TextFormat, _ settings: Recipe.Evaluation, seed: UInt64
  ) throws(Failure) -> String {
    guard let tokenizer = format.tokenizer, prompt.count < model.maximumPositions else { return "" }
    let generator = TextGenerator(model, tokenizer, endTokens: format.chat?.stopTokens)
    return try generator.complete(prompt, options: options(settings, format, seed: seed)).text
  }

  private static func options(
    _ settings: Recipe.Evaluation, _ format: TextFormat, seed: UInt64
  ) -> GenerationOptions {
    var options = GenerationOptions()
    options.dropsLeadingSpace = format.chat != nil
    options.sampling.temperature = settings.temperature
    options.maximumTokens = settings.maximumTokens
    options.seed = seed
    return options
  }
}
