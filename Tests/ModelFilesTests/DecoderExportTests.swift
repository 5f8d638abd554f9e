import Autograd
import Checkpoints
import Files
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// What GGUF can and cannot say of the younger decoders.
@Suite struct DecoderExportTests {
  private let scratch = try! ScratchFolder()

  private func stored(_ members: [(String, JSONValue)]) throws -> StoredModel {
    var config: JSONValue = [
      "vocab_size": 257, "hidden_size": 32, "intermediate_size": 16, "num_hidden_layers": 6, "num_attention_heads": 4,
      "num_key_value_heads": 2, "max_position_embeddings": 64,
    ]
    for (key, value) in members { config[key] = value }
    let description = try ModelDescription(configuration: config.serialized(), source: "config.json", isForeign: true)
    let configuration = description.configuration(vocabularySize: 257)
    try ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: .bytes, chatTemplate: "", step: 0
    ).write(to: scratch("model.h5"))
    return try StoredModel(at: scratch("model.h5"))
  }

  /// transformers refuses heads that do not divide the width where it can: in Llama, not in Mistral.
  @Test func headsNeedNotDivideTheWidth() throws {
    let odd: [(String, JSONValue)] = [("num_attention_heads", 5), ("num_key_value_heads", 5), ("head_dim", 8)]
    let llama = try stored([("model_type", "llama")] + odd)
    _ = try Export(to: .huggingFace).write(llama, to: scratch("hf"))
    let text = try ReadableFile.contents(of: scratch("hf/config.json"), area: .model)
    let config = try JSONValue.parse(text, source: "config.json", area: .model)
    #expect(config["model_type"] == "mistral" && config["architectures"] == ["MistralForCausalLM"])
    #expect(config["sliding_window"]?.isNull == true)
    #expect(try StoredModel(at: scratch("hf")).model().probe == llama.model().probe)
    for other in [[("model_type", "gemma3_text")], [("model_type", "llama"), ("mlp_bias", true)]]
      as [[(String, JSONValue)]]
    {
      let model = try stored(other + odd)
      let failure = refusal { _ = try Export(to: .huggingFace).write(model, to: scratch("other")) }
      #expect(failure?.what.contains("must divide hidden_size") == true, "\(failure as Any)")
    }
  }

  @Test(
    arguments: [
      ([("model_type", "mistral"), ("sliding_window", 8)], "mistral"),
      (
        [("model_type", "qwen2"), ("use_sliding_window", true), ("sliding_window", 8), ("max_window_layers", 1)],
        "use_sliding_window"
      ),
      ([("model_type", "qwen3"), ("attention_bias", true)], "attention_bias"),
      (
        [("model_type", "qwen3"), ("use_sliding_window", true), ("sliding_window", 8), ("max_window_layers", 1)],
        "layer_types"
      ),
      ([("model_type", "gemma3_text"), ("sliding_window_pattern", 3), ("query_pre_attn_scalar", 256)], "layer_types"),
      ([("model_type", "gemma3_text"), ("rope_local_base_freq", 5000)], "rope_local_base_freq"),
      ([("model_type", "gemma3_text"), ("query_pre_attn_scalar", 168)], "query_pre_attn_scalar"),
      ([("model_type", "smollm3"), ("no_rope_layer_interval", 3)], "no_rope_layers"),
      ([("model_type", "phi3"), ("sliding_window", 8)], "sliding_window"),
      ([("model_type", "granite"), ("head_dim", 12)], "head_dim"),
      ([("model_type", "qwen2"), ("head_dim", 12)], "head_dim"),
      ([("model_type", "olmo2"), ("head_dim", 12)], "head_dim"),
      ([("model_type", "olmo2"), ("tie_word_embeddings", true)], "tie_word_embeddings"),
      (
        [
          ("model_type", "smollm3"),
          ("rope_scaling", ["rope_type": "llama3", "factor": 2, "low_freq_factor": 1, "high_freq_factor": 4]),
        ], "rope_scaling"
      ),
      ([("model_type", "gpt_neox"), ("tie_word_embeddings", true)], "tie_word_embeddings"),
      ([("model_type", "gpt_neox"), ("attention_bias", false)], "attention_bias"),
      ([("model_type", "gpt_neox"), ("hidden_act", "gelu_new")], "hidden_act"),
      ([("model_type", "llama"), ("rope_scaling", ["rope_type": "dynamic", "factor": 2])], "rope_scaling"),
      (
        [("model_type", "llama"), ("rope_scaling", ["rope_type": "yarn", "factor": 2, "attention_factor": 0.5])],
        "rope_scaling"
      ),
      (
        [
          ("model_type", "qwen3"), ("head_dim", 8),
          (
            "rope_scaling",
            ["rope_type": "llama3", "factor": 2, "low_freq_factor": 1, "high_freq_factor": 4]
          ),
        ], "rope_scaling"
      ),
    ] as [([(String, JSONValue)], String)])
  func whatLlamaCppDoesNotHaveIsRefusedByItsKey(_ members: [(String, JSONValue)], _ key: String) throws {
    let stored = try stored(members)
    let refusal = refusal { _ = try Export(to: .gguf).write(stored, to: scratch("out.gguf")) }
    #expect(refusal?.exitCode == 5 && refusal?.what.contains(key) == true, "\(refusal as Any)")
    // Hugging Face's folder has it.
    let outcome = try Export(to: .huggingFace, overwrite: true).write(stored, to: scratch("out"))
    #expect(outcome.weightDifference == 0 && outcome.logitDifference == 0)
  }

  /// The names and numbers of a converter's file (`conversion/gemma.py`, `phi.py`, `gptneox.py`, `granite.py`).
  @Test func theFileHasTheKeysOfItsConverter() throws {
    func file(_ members: [(String, JSONValue)]) throws -> GGUFFile {
      _ = try Export(to: .gguf, overwrite: true).write(stored(members), to: scratch("out.gguf"))
      return try GGUFFile(scratch("out.gguf"))
    }
    let gemma = try file([
      ("model_type", "gemma3_text"), ("head_dim", 12), ("query_pre_attn_scalar", 12), ("sliding_window", 9),
    ])
    #expect(
      gemma["gemma3.attention.key_length"] == .integer(12) && gemma["gemma3.attention.value_length"] == .integer(12))
    #expect(
      gemma["gemma3.attention.sliding_window"] == .integer(9) && gemma["gemma3.rope.freq_base"] == .float(1_000_000))
    #expect(gemma["gemma3.rope.freq_base_swa"] == .float(10_000))
    let norm = try gemma.read(#require(gemma.tensors.first { $0.name == "blk.0.post_ffw_norm.weight" }))
    #expect(norm == [Float](repeating: 1, count: 32))
    let phi = try file([
      ("model_type", "phi3"), ("partial_rotary_factor", 0.5), ("original_max_position_embeddings", 16),
      ("rope_scaling", ["type": "longrope", "short_factor": [1, 1.5], "long_factor": [2, 4]]),
    ])
    #expect(phi["phi3.rope.dimension_count"] == .integer(4) && phi["phi3.attention.sliding_window"] == .integer(0))
    #expect(phi["phi3.rope.scaling.original_context_length"] == .integer(16))
    // llama.cpp would want the tokens of Microsoft's tokenizer of a file with that name.
    #expect(phi["general.name"] == .string("train"))
    // sqrt(1 + ln 4 / ln 16)
    #expect(phi["phi3.rope.scaling.attn_factor"] == .float(Double(Float(1.5.squareRoot()))))
    #expect(try phi.read(#require(phi.tensors.first { $0.name == "rope_factors_long.weight" })) == [2, 4])
    let neox = try file([("model_type", "gpt_neox"), ("rotary_pct", 0.25)])
    #expect(neox["gptneox.use_parallel_residual"] == .bool(true) && neox["gptneox.rope.dimension_count"] == .integer(2))
    let granite = try file([("model_type", "granite"), ("logits_scaling", 8), ("residual_multiplier", 0.5)])
    #expect(granite["granite.logit_scale"] == .float(8) && granite["granite.residual_scale"] == .float(0.5))
  }

  /// The converter names the base of Gemma 3's layers with a window; older files lack it.
  @Test func theLocalBaseOfGemma3IsRead() throws {
    let key = "gemma3.rope.freq_base_swa"
    let stored = try stored([
      ("model_type", "gemma3_text"), ("head_dim", 12), ("query_pre_attn_scalar", 12), ("sliding_window", 9),
    ])
    _ = try Export(to: .gguf).write(stored, to: scratch("own.gguf"))
    let own = try GGUFFile(scratch("own.gguf"))
    let tensors = try own.tensors.map { tensor in
      (
        array: NamedArray(tensor.name, shape: tensor.shape, values: try own.read(tensor)),
        encoding: GGUFEncoding.float32
      )
    }
    let others = own.metadata.filter { $0.key != key }
    let bases: [(named: [GGUFValue], base: Double)] = [([], 10_000), ([.float(5000)], 5000)]
    for (named, base) in bases {
      let path = scratch("\(base).gguf")
      try GGUFFile.write(metadata: others + named.map { (key: key, value: $0) }, tensors, to: path)
      #expect(try StoredModel(at: path).configuration.json["rope_local_base_freq"]?.double == base)
    }
  }

  /// GPT-NeoX's rows [q, k, v] of each head become all queries, all keys, all values.
  @Test func headsOfGPTNeoXAreSeparated() throws {
    let stored = try stored([("model_type", "gpt_neox")])
    _ = try Export(to: .gguf).write(stored, to: scratch("out.gguf"))
    let file = try GGUFFile(scratch("out.gguf"))
    let written = try file.read(#require(file.tensors.first { $0.name == "blk.1.attn_qkv.weight" }))
    let name = "gpt_neox.layers.1.attention.query_key_value.weight"
    let own = try #require(try stored.model().namedParameters.first { $0.name == name }).value.elements
    let (heads, size, width) = (4, 8, 32)
    for part in 0..<3 {
      for head in 0..<heads {
        for row in 0..<size {
          let (there, here) = ((part * heads + head) * size + row, (3 * head + part) * size + row)
          #expect(written[there * width..<(there + 1) * width] == own[here * width..<(here + 1) * width])
        }
      }
    }
  }
}
