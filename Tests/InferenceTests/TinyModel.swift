import Autograd
import Files
import Foundation
import Inference
import Kernels
import Models
import Tokenizers

/// Small models with weights large enough that their distributions are far from even.
enum TinyModel {
  static let llama = """
    { "model_type": "llama", "vocab_size": VOCABULARY, "hidden_size": 16, "intermediate_size": 24,
      "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": POSITIONS,
      "initializer_range": 0.4, "tie_word_embeddings": false }
    """
  static let gpt2 = """
    { "model_type": "gpt2", "vocab_size": VOCABULARY, "n_embd": 16, "n_layer": 2, "n_head": 4,
      "n_positions": POSITIONS, "initializer_range": 0.4 }
    """

  static func configuration(
    _ text: String = llama, vocabulary: Int = 257, positions: Int = 64
  ) throws(Failure) -> any ModelConfiguration {
    let text = text.replacing("VOCABULARY", with: "\(vocabulary)").replacing("POSITIONS", with: "\(positions)")
    return try ModelDescription(configuration: text, source: "test").configuration(vocabularySize: vocabulary)
  }

  /// A generator with bytes as tokens.
  static func generator(
    _ text: String = llama, vocabulary: Int = 257, positions: Int = 64, seed: UInt64 = 1, endTokens: [Int32]? = nil
  ) throws(Failure) -> TextGenerator {
    let configuration = try configuration(text, vocabulary: vocabulary, positions: positions)
    return TextGenerator(configuration.makeModel(seed: seed), .bytes, endTokens: endTokens)
  }
}

extension LanguageModel {
  /// The logits after `tokens` by a full pass without a cache.
  func fullLogits(_ tokens: [Int32]) -> [Float] {
    let all = logits(tokens, shape: [1, tokens.count], layout: SequenceLayout(rows: 1, columns: tokens.count)).elements
    return Array(all.suffix(vocabularySize))
  }

  /// The log-probabilities after `tokens`, in doubles.
  func fullLogProbabilities(_ tokens: [Int32]) -> [Double] {
    let logits = fullLogits(tokens).map(Double.init)
    let top = logits.max()!
    let normalizer = top + log(logits.reduce(0) { $0 + exp($1 - top) })
    return logits.map { $0 - normalizer }
  }
}
