import Autograd
import Files
import Inference
import Kernels
import ModelFiles
import Models
import Tokenizers

/// Small models of every kind, with weights large enough that their distributions are far from even.
enum TinyModel {
  static let kinds = [
    "llama", "llama-tied", "llama3", "qwen2", "gpt2", "qwen3", "gemma3_text", "olmo2", "phi3", "smollm3", "granite",
    "gpt_neox", "llama-biases-yarn",
  ]

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
      "qwen3": "{ \"model_type\": \"qwen3\", \(family), \"head_dim\": 16 }",
      "gemma3_text": """
      { "model_type": "gemma3_text", \(family), "head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 5 }
      """,
      "olmo2": "{ \"model_type\": \"olmo2\", \(family) }",
      "phi3": """
      { "model_type": "phi3", \(family), "partial_rotary_factor": 0.5, "original_max_position_embeddings": 16,
        "rope_scaling": { "type": "longrope", "short_factor": [1, 1.5], "long_factor": [2, 4] } }
      """,
      "smollm3": "{ \"model_type\": \"smollm3\", \(family) }",
      "granite": """
      { "model_type": "granite", \(family), "embedding_multiplier": 2, "attention_multiplier": 0.5,
        "residual_multiplier": 0.25, "logits_scaling": 4 }
      """,
      "gpt_neox": """
      { "model_type": "gpt_neox", "vocab_size": 257, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "max_position_embeddings": 64, "initializer_range": 0.3 }
      """,
      "gpt_neox-tied": """
      { "model_type": "gpt_neox", "vocab_size": 257, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "max_position_embeddings": 64, "initializer_range": 0.3, "tie_word_embeddings": true }
      """,
      "llama-biases-yarn": """
      { "model_type": "llama", \(family), "head_dim": 16, "attention_bias": true, "mlp_bias": true,
        "rope_scaling": { "rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 16 } }
      """,
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
