import Checkpoints
import Files
import Models
import Support

/// A suite that makes folders as Hugging Face's libraries save them.
protocol HuggingFaceFolderSuite {
  var scratch: ScratchFolder { get }
}

extension HuggingFaceFolderSuite {
  static var llama: JSONValue {
    [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 40, "hidden_size": 8,
      "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
      "max_position_embeddings": 16, "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 1,
      "dtype": "float32", "eos_token_id": 2, "head_dim": 4, "hidden_act": "silu", "mlp_bias": false,
      "pad_token_id": .null, "rms_norm_eps": 1e-6, "rope_parameters": ["rope_theta": 10000.0, "rope_type": "default"],
      "tie_word_embeddings": true, "transformers_version": "5.23.0", "use_cache": true,
    ]
  }
  static var gpt2: JSONValue {
    [
      "model_type": "gpt2", "vocab_size": 40, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16,
      "attn_pdrop": 0.1, "embd_pdrop": 0.1, "resid_pdrop": 0.1, "n_inner": .null, "eos_token_id": 50256,
    ]
  }

  /// The weights that a configuration asks for, numbered.
  func arrays(_ config: JSONValue, vocabulary: Int = 40) throws -> [NamedArray] {
    let description = try ModelDescription(configuration: config.serialized(), source: "test")
    return description.configuration(vocabularySize: vocabulary).makeModel(seed: 1).namedParameters.map { named in
      NamedArray(named.name, shape: named.value.shape.dimensions, values: named.value.elements)
    }
  }

  @discardableResult
  func folder(_ config: JSONValue, _ arrays: [NamedArray], as type: SafetensorsType = .float32) throws -> String {
    try scratch.write(config.serialized(), to: "config.json")
    try SafetensorsFile.write(arrays, as: type, to: scratch("model.safetensors"))
    return scratch.path
  }

  func with(_ config: JSONValue, _ changes: [(String, JSONValue)]) -> JSONValue {
    var config = config
    for (key, value) in changes { config[key] = value }
    return config
  }
}
