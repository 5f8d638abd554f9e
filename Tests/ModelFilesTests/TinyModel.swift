import Autograd
import Files
import Inference
import Kernels
import ModelFiles
import Models
import Tokenizers

/// Small models of every kind, with weights large enough that their distributions are far from even.
enum TinyModel {
  static let kinds = ["llama", "llama-tied", "llama3", "qwen2", "gpt2"]

  /// The configuration of a kind, with a vocabulary for bytes and one special token.
  static func configuration(_ kind: String) throws(Failure) -> any ModelConfiguration {
    let family = """
      "vocab_size": 257, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
      "num_key_value_heads": 2, "max_position_embeddings": 64, "initializer_range": 0.3
      """
    let scaling = """
      { "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
        "original_max_position_embeddings": 8192 }
      """
    let texts = [
      "llama": "{ \"model_type\": \"llama\", \(family) }",
      "llama-tied": "{ \"model_type\": \"llama\", \(family), \"tie_word_embeddings\": true }",
      "llama3": "{ \"model_type\": \"llama\", \(family), \"rope_theta\": 500000, \"rope_scaling\": \(scaling) }",
      "qwen2": "{ \"model_type\": \"qwen2\", \(family), \"tie_word_embeddings\": true }",
      "gpt2": """
      { "model_type": "gpt2", "vocab_size": 257, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64,
        "initializer_range": 0.3 }
      """,
    ]
    let description = try ModelDescription(configuration: texts[kind]!, source: kind)
    return description.configuration(vocabularySize: description.vocabularySize!)
  }

  /// Writes a model with drawn weights, biases included, as a model.h5 at `path`.
  static func write(
    _ kind: String, to path: String, tokenizer: Tokenizer? = .bytes, chatTemplate: String = "",
    endTokens: [Int32]? = nil
  ) throws(Failure) -> any LanguageModel {
    let configuration = try configuration(kind)
    let model = configuration.makeModel(seed: 3)
    var generator = Generator(seed: 5)
    for named in model.namedParameters where named.value.shape.rank == 1 {
      let noise = generator.normal(named.value.shape, deviation: 0.2)
      accumulate(named.mutableBuffer, noise.buffer)
    }
    try ModelFile.contents(
      model, configuration, tokenizer: tokenizer, chatTemplate: chatTemplate, endTokens: endTokens, step: 7
    ).write(to: path)
    return model
  }
}

extension LanguageModel {
  /// The logits of a few tokens.
  var probe: [Float] {
    let tokens: [Int32] = [72, 101, 108, 108, 111, 44, 32, 119, 255, 0, 128, 33]
    return logits(tokens, shape: [1, tokens.count], layout: SequenceLayout(rows: 1, columns: tokens.count)).elements
  }
}
