import Models

/// How the tensors of a model are called and laid out in GGUF (github.com/ggml-org/llama.cpp, gguf-py/gguf).
struct GGUFNames {
  /// The file's order of a tensor's elements, seen from Hugging Face's.
  enum Layout: Equatable {
    case same
    /// Rows and columns are exchanged: GPT-2's matrices.
    case transposed
    /// The two halves of each head's rows alternate: Llama's queries and keys, whose rotary pairs are neighbours there.
    case interleaved(heads: Int)
  }

  private let whole: [(gguf: String, name: String)]
  private let block: [(gguf: String, name: String)]
  private let blockPrefix: String
  private let configuration: any ModelConfiguration

  init(_ configuration: any ModelConfiguration) {
    self.configuration = configuration
    if configuration is GPT2.Configuration {
      (whole, block, blockPrefix) = (Self.gpt2, Self.gpt2Block, "transformer.h.")
    } else {
      (whole, block, blockPrefix) = (Self.llama, Self.llamaBlock, "model.layers.")
    }
  }

  private static let llama = [
    ("token_embd.weight", "model.embed_tokens.weight"), ("output_norm.weight", "model.norm.weight"),
    ("output.weight", "lm_head.weight"),
  ]
  private static let llamaBlock = [
    ("attn_norm.weight", "input_layernorm.weight"), ("attn_q.weight", "self_attn.q_proj.weight"),
    ("attn_q.bias", "self_attn.q_proj.bias"), ("attn_k.weight", "self_attn.k_proj.weight"),
    ("attn_k.bias", "self_attn.k_proj.bias"), ("attn_v.weight", "self_attn.v_proj.weight"),
    ("attn_v.bias", "self_attn.v_proj.bias"), ("attn_output.weight", "self_attn.o_proj.weight"),
    ("ffn_norm.weight", "post_attention_layernorm.weight"), ("ffn_gate.weight", "mlp.gate_proj.weight"),
    ("ffn_up.weight", "mlp.up_proj.weight"), ("ffn_down.weight", "mlp.down_proj.weight"),
  ]
  private static let gpt2 = [
    ("token_embd.weight", "transformer.wte.weight"), ("position_embd.weight", "transformer.wpe.weight"),
    ("output_norm.weight", "transformer.ln_f.weight"), ("output_norm.bias", "transformer.ln_f.bias"),
    ("output.weight", "lm_head.weight"),
  ]
  private static let gpt2Block = [
    ("attn_norm", "ln_1"), ("attn_qkv", "attn.c_attn"), ("attn_output", "attn.c_proj"), ("ffn_norm", "ln_2"),
    ("ffn_up", "mlp.c_fc"), ("ffn_down", "mlp.c_proj"),
  ].flatMap { [("\($0).weight", "\($1).weight"), ("\($0).bias", "\($1).bias")] }

  /// Hugging Face's name for a tensor of a file, nil for one that the architecture does not have.
  func name(ofGGUF gguf: String) -> String? {
    if let known = whole.first(where: { $0.gguf == gguf }) { return known.name }
    guard let (number, rest) = Self.parts(of: gguf, after: "blk.") else { return nil }
    return block.first { $0.gguf == rest }.map { "\(blockPrefix)\(number).\($0.name)" }
  }

  /// The file's name for a tensor of the model.
  func gguf(of name: String) -> String {
    if let known = whole.first(where: { $0.name == name }) { return known.gguf }
    let (number, rest) = Self.parts(of: name, after: blockPrefix)!
    return "blk.\(number).\(block.first { $0.name == rest }!.gguf)"
  }

  func layout(of name: String) -> Layout {
    if configuration is GPT2.Configuration {
      return [".c_attn.weight", ".c_proj.weight", ".c_fc.weight"].contains(where: name.hasSuffix) ? .transposed : .same
    }
    guard let llama = configuration as? Llama.Configuration, !llama.hasQKVBias else { return .same }
    if name.hasSuffix(".q_proj.weight") { return .interleaved(heads: llama.heads) }
    if name.hasSuffix(".k_proj.weight") { return .interleaved(heads: llama.keyValueHeads) }
    return .same
  }

  /// The number and the remainder of `blk.12.attn_q.weight`.
  private static func parts(of name: String, after prefix: String) -> (number: Int, rest: String)? {
    guard name.hasPrefix(prefix) else { return nil }
    let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
    guard parts.count == 2, let number = Int(parts[0]), "\(number)" == parts[0] else { return nil }
    return (number, String(parts[1]))
  }
}

/// Llama's rows of queries or keys in the order of neighbouring pairs and in that of halves.
enum RotaryRows {
  /// For each row in the order of halves (Hugging Face), the row in the order of pairs (GGUF, llama2.c) that it is.
  static func pairs(rows: Int, heads: Int) -> [Int] {
    let size = rows / heads
    return (0..<rows).map { row in
      let (head, place) = (row / size, row % size)
      return head * size + (place < size / 2 ? 2 * place : 2 * (place - size / 2) + 1)
    }
  }

  /// Copies rows in the order of pairs to the order of halves, or the other way.
  static func reorder(
    _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, rows: Int, columns: Int, heads: Int,
    toPairs: Bool
  ) {
    for (row, pair) in pairs(rows: rows, heads: heads).enumerated() {
      let (from, to) = toPairs ? (row, pair) : (pair, row)
      (target + to * columns).update(from: source + from * columns, count: columns)
    }
  }
}

/// Copies a matrix of `rows` rows to its transpose.
func transpose(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {
  for row in 0..<rows {
    for column in 0..<columns { target[column * rows + row] = source[row * columns + column] }
  }
}
