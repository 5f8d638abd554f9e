import Files

/// What settings are called in other programs (transformers, TRL, torchtune, Axolotl, LLaMA-Factory, nanoGPT, litgpt, PEFT,
/// Lightning), and what they are called here.
package enum ForeignKeys {
  /// What a foreign name stands for.
  package struct Meaning: Sendable, Equatable {
    /// The key of a recipe; nil where there is none.
    package let key: String?
    package let remark: String?

    /// One line: the key, and what is to be known about it.
    package var note: String {
      guard let key else { return remark ?? "" }
      return "here it is \"\(key)\"" + (remark.map { ": \($0)" } ?? "")
    }
  }

  /// The meaning of a name, or of the last part of a path; nil where it is not known.
  package static func meaning(of path: String) -> Meaning? {
    let path = normalized(path)
    let name = path.split(separator: ".").last.map(String.init) ?? path
    if path.hasPrefix("model."), let meaning = ofModels[name] { return meaning }
    return all[path] ?? all[name] ?? (path == name ? ofModels[name] : nil)
  }

  /// `--learning-rate` and `learningRate` are `learning_rate`.
  private static func normalized(_ path: String) -> String {
    var text = ""
    var last: Character?
    for character in path.replacing("-", with: "_") {
      if character.isUppercase, let last, last.isLowercase || last.isNumber { text.append("_") }
      text += character.lowercased()
      last = character
    }
    return text
  }

  /// Every key that the tables name.
  package static var targets: Set<String> { Set((Array(all.values) + Array(ofModels.values)).compactMap(\.key)) }

  private static let all = table(
    [optimization, amounts, storage, data, objectives, adapters, machines, habits, customs].flatMap { $0 })

  /// Names with blanks between, the key of a recipe that they stand for, and what else is to be known.
  typealias Lines = [(names: String, key: String?, remark: String?)]

  /// Names of a model's sizes, which mean other things elsewhere.
  private static let ofModels = table([
    ("dim d_model embed_dim emb_dim hidden_dim n_embed model_dim", "model.hidden_size", nil),
    ("n_layers num_layers depth layers", "model.num_hidden_layers", nil),
    ("n_heads num_heads heads", "model.num_attention_heads", nil),
    ("n_kv_heads num_kv_heads kv_heads", "model.num_key_value_heads", nil),
    ("ffn_dim ff_dim d_ff mlp_dim ffn_hidden_size", "model.intermediate_size", nil),
    ("max_seq_len max_seq_length block_size context_length n_ctx seq_len", "model.max_position_embeddings", nil),
    ("n_vocab padded_vocab_size", "model.vocab_size", nil), ("norm_eps", "model.rms_norm_eps", nil),
    ("tie_weights tie_embeddings", "model.tie_word_embeddings", nil),
    ("name_or_path model_name_or_path pretrained", "model.from", nil),
    ("_component_", "model.architecture", "a model that exists is named by model.from"),
    ("bias use_bias", nil, "a llama's are model.attention_bias and model.mlp_bias; GPT-2 has them everywhere"),
  ])

  private static func table(_ lines: Lines) -> [String: Meaning] {
    var table: [String: Meaning] = [:]
    for (names, key, remark) in lines {
      for name in names.split(separator: " ") { table[String(name)] = Meaning(key: key, remark: remark) }
    }
    return table
  }
}
