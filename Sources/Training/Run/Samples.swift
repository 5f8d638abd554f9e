import Autograd
import Foundation
import Inference
import Models
import Tokenizers

/// Texts that a model writes during training.
enum Samples {
  /// What the model writes after `prompt`, until the end of the text or `maximumTokens`.
  static func continuation(
    of prompt: String, _ model: any LanguageModel, _ tokenizer: Tokenizer, _ settings: Recipe.Evaluation, seed: UInt64
  ) -> String {
    var generator = Generator(seed: seed)
    var decoder = StreamingDecoder(tokenizer)
    let ids = tokenizer.encode(prompt)
    let cache = KeyValueCache(for: model, capacity: model.maximumPositions)
    var next = ids.isEmpty ? [tokenizer.endOfText ?? 0] : Array(ids.suffix(model.maximumPositions))
    var text = ""
    for _ in 0..<settings.maximumTokens where cache.length + next.count <= cache.capacity {
      let logits = model.nextTokenLogits(next, cache: cache).elements
      let token = draw(logits, temperature: settings.temperature, &generator)
      if token == tokenizer.endOfText { break }
      text += decoder.append(token)
      next = [token]
    }
    return text + decoder.finish()
  }

  private static func draw(_ logits: [Float], temperature: Double, _ generator: inout Generator) -> Int32 {
    let best = logits.indices.max { logits[$0] < logits[$1] }!
    guard temperature > 0 else { return Int32(best) }
    let weights = logits.map { exp(Double($0 - logits[best]) / temperature) }
    var left = generator.uniform() * weights.reduce(0, +)
    for (index, weight) in weights.enumerated() {
      left -= weight
      if left < 0 { return Int32(index) }
    }
    return Int32(best)
  }
}
