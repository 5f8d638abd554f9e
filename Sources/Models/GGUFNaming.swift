import Files

/// What llama.cpp calls an architecture, its configuration and its tensors in a GGUF file (gguf-py/gguf/constants.py and
/// tensor_mapping.py of github.com/ggml-org/llama.cpp).
package struct GGUFNaming: Sendable {
  /// A key below the architecture's name, and the key of a config.json that it stands for.
  package struct Key: Sendable {
    package let gguf: String
    package let config: String
    /// Whether GGUF stores a float.
    package let isFloat: Bool

    package static func integer(_ gguf: String, _ config: String) -> Key {
      Key(gguf: gguf, config: config, isFloat: false)
    }

    package static func boolean(_ gguf: String, _ config: String) -> Key {
      Key(gguf: gguf, config: config, isFloat: false)
    }

    package static func float(_ gguf: String, _ config: String) -> Key {
      Key(gguf: gguf, config: config, isFloat: true)
    }
  }

  /// A tensor, or one of every block's, and what Hugging Face calls it.
  package struct Tensor: Sendable {
    package let gguf: String
    package let name: String
    package let layout: Layout

    package init(_ gguf: String, _ name: String, _ layout: Layout = .same) {
      (self.gguf, self.name, self.layout) = (gguf, name, layout)
    }
  }

  /// The order of a tensor's elements in the file, compared with Hugging Face's.
  package enum Layout: Sendable {
    case same
    /// Rows and columns are exchanged.
    case transposed
    /// The two halves of each head's rows alternate, so that a rotary pair is two neighbours; the key of a config.json says
    /// how many heads the rows are of.
    case rotaryPairs(headsKey: String)
    /// All queries, all keys, all values, where Hugging Face has those of each head in turn.
    case separatedHeads(headsKey: String)
    /// The numbers are larger by 1.
    case plusOne
  }

  /// The value of `general.architecture`.
  package let architecture: String
  /// The `model_type` of the configurations that it stands for.
  package let modelType: String
  /// Every key that a config.json has too; the reader checks or refuses all others, as they may change the mathematics.
  package let keys: [Key]
  /// Keys whose values follow from a config.json in ways of their own.
  package let derived: [Derived]
  /// The tensors that are there once.
  package let tensors: [Tensor]
  /// What precedes a block's number in Hugging Face's names, such as `model.layers.`.
  package let blockPrefix: String
  /// The tensors of a block, without the block's prefix and number.
  package let blockTensors: [Tensor]
  /// What llama.cpp does not have that a config.json can ask for.
  package let lacks: [Lack]
  /// Whether scaled rotary wavelengths may be stored, as a tensor of factors.
  package let storesRopeFactors: Bool
  /// Whether the factors of wavelengths in short and in long texts may be stored, as two tensors.
  package let storesLongRopeFactors: Bool

  package init(
    _ architecture: String, modelType: String? = nil, keys: [Key], derived: [Derived] = [], tensors: [Tensor],
    blockPrefix: String = "model.layers.", blockTensors: [Tensor], lacks: [Lack] = [], storesRopeFactors: Bool = false,
    storesLongRopeFactors: Bool = false
  ) {
    self.architecture = architecture
    self.modelType = modelType ?? architecture
    self.keys = keys
    self.derived = derived
    self.tensors = tensors
    self.blockPrefix = blockPrefix
    self.blockTensors = blockTensors
    self.lacks = lacks
    self.storesRopeFactors = storesRopeFactors
    self.storesLongRopeFactors = storesLongRopeFactors
  }
}

// MARK: - What Llama and its descendants have in common

extension GGUFNaming {
  /// The keys of Llama.
  static let llamaKeys: [Key] = [
    .integer("context_length", "max_position_embeddings"), .integer("embedding_length", "hidden_size"),
    .integer("feed_forward_length", "intermediate_size"), .integer("block_count", "num_hidden_layers"),
    .integer("attention.head_count", "num_attention_heads"), .integer("attention.head_count_kv", "num_key_value_heads"),
    .float("attention.layer_norm_rms_epsilon", "rms_norm_eps"), .float("rope.freq_base", "rope_theta"),
  ]

  /// The tensors of Llama that are there once.
  static func llamaTensors(norm: Layout = .same) -> [Tensor] {
    [
      .init("token_embd.weight", "model.embed_tokens.weight"), .init("output_norm.weight", "model.norm.weight", norm),
      .init("output.weight", "lm_head.weight"),
    ]
  }

  /// The tensors of a block of Llama, with the norms that are given; with `rotaryPairs` llama.cpp rotates neighbours.
  static func llamaBlockTensors(
    norms: [(String, String)] = [("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm")],
    norm: Layout = .same, rotaryPairs: Bool = false, biases: Bool = false
  ) -> [Tensor] {
    let queries = rotaryPairs ? Layout.rotaryPairs(headsKey: "num_attention_heads") : .same
    let keys = rotaryPairs ? Layout.rotaryPairs(headsKey: "num_key_value_heads") : .same
    let projections: [(String, String, Layout)] = [
      ("attn_q", "self_attn.q_proj", queries), ("attn_k", "self_attn.k_proj", keys),
      ("attn_v", "self_attn.v_proj", .same), ("attn_output", "self_attn.o_proj", .same),
      ("ffn_gate", "mlp.gate_proj", .same), ("ffn_up", "mlp.up_proj", .same), ("ffn_down", "mlp.down_proj", .same),
    ]
    return norms.map { .init("\($0).weight", "\($1).weight", norm) }
      + projections.map { .init("\($0).weight", "\($1).weight", $2) }
      + (biases ? projections.map { .init("\($0).bias", "\($1).bias", $2) } : [])
  }
}
