import Autograd
import Checkpoints
import Files
import Foundation
import Inference
import Kernels
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// Reading folders that Hugging Face's libraries have saved.
@Suite struct HuggingFaceFolderTests: HuggingFaceFolderSuite {
  /// The recorded models are such folders: the logits are those of PyTorch.
  @Test(arguments: ModelFixture.names) func aSavedModelComputesWhatPyTorchDoes(_ name: String) throws {
    let fixture = try ModelFixture(name)
    let stored = try StoredModel(at: fixture.folder.path)
    #expect(stored.tokenizer == nil && stored.chatTemplate == "" && stored.step == 0)
    let shape = Shape(fixture.tokens.shape)
    let layout = SequenceLayout(
      rows: shape[0], columns: shape[1], positions: fixture.positions.int32s,
      documentStarts: fixture.documentStarts.int32s)
    let logits = try stored.model().logits(fixture.tokens.int32s, shape: shape, layout: layout)
    #expect(mismatch(logits.elements, fixture.logits, within: .scaled(relative: 1e-4, scaled: 1e-5)) == nil)
  }

  // MARK: Folders made here

  let scratch = try! ScratchFolder()

  @Test func weightsAreTakenAsTheyAre() throws {
    let arrays = try arrays(Self.llama)
    let stored = try StoredModel(at: folder(Self.llama, arrays))
    #expect(stored.endTokens == [2])
    #expect(stored.notes.isEmpty)
    for (named, array) in zip(try stored.model().namedParameters, try self.arrays(Self.llama)) {
      #expect(named.name == array.name)
    }
    for (type, bits) in [(SafetensorsType.float16, 10), (.bfloat16, 7)] {
      let narrow = try StoredModel(at: folder(Self.llama, arrays, as: type)).model()
      let description = try ModelDescription(configuration: Self.llama.serialized(), source: "test")
      let original = description.configuration(vocabularySize: 40).makeModel(seed: 1)
      for (one, other) in zip(narrow.namedParameters, original.namedParameters) {
        for (value, exact) in zip(one.value.elements, other.value.elements) {
          #expect(abs(value - exact) <= abs(exact) * exp2(Float(-bits - 1)) + 1e-7)
        }
      }
    }
  }

  @Test func gpt2IsReadWithItsPrefixAndWithout() throws {
    let arrays = try arrays(with(Self.gpt2, [("attn_pdrop", 0.0), ("embd_pdrop", 0.0), ("resid_pdrop", 0.0)]))
    let stored = try StoredModel(at: folder(Self.gpt2, arrays))
    #expect(stored.endTokens == nil)
    #expect(stored.notes.count == 4 && stored.notes[0].contains("attn_pdrop"), "\(stored.notes)")
    let expected = try stored.model().namedParameters.map(\.value.elements)
    let bare = arrays.map { array in
      NamedArray(
        String(array.name.dropFirst("transformer.".count)), shape: array.shape,
        values: [Float](repeating: 1, count: array.shape.reduce(1, *)))
    }
    let mask = NamedArray("h.0.attn.bias", shape: [1, 1, 16, 16], values: [Float](repeating: 1, count: 256))
    let model = try StoredModel(at: folder(Self.gpt2, bare + [mask])).model()
    #expect(model.namedParameters.map(\.value.elements.count) == expected.map(\.count))
    #expect(model.namedParameters.allSatisfy { $0.value.elements.allSatisfy { $0 == 1 } })
  }

  /// What changes the mathematics is an error that names the key; what does not is accepted.
  @Test func configurationsThatAreNotSupportedAreRefusedByKey() throws {
    let mistral = with(Self.llama, [("model_type", "mistral"), ("num_key_value_heads", 1)])
    let qwen2 = with(Self.llama, [("model_type", "qwen2")])
    let llama3: JSONValue = [
      "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 8192,
    ]
    let refused: [(JSONValue, String)] = [
      (with(mistral, [("sliding_window", 0)]), "sliding_window"),
      (with(qwen2, [("layer_types", ["sliding_attention"])]), "layer_types"),
      (with(Self.llama, [("hidden_act", "gelu")]), "hidden_act"),
      (with(Self.llama, [("head_dim", 7)]), "rotary positions"),
      (with(Self.llama, [("model_type", "mixtral")]), "model_type"),
      (with(Self.llama, [("quantization_config", [:])]), "quantization_config"),
      (with(Self.llama, [("partial_rotary_factor", 0.5)]), "partial_rotary_factor"),
      (with(Self.llama, [("rope_parameters", ["rope_theta": 1e4, "rope_type": "yarn", "factor": -2.0])]), "factor"),
      (with(Self.llama, [("rope_parameters", .null), ("rope_scaling", ["type": "ntk", "factor": 2.0])]), "type"),
      (with(Self.llama, [("rope_theta", 20000.0)]), "rope_theta"),
      (with(Self.llama, [("rope_scaling", llama3)]), "rope_scaling"),
      (with(Self.gpt2, [("activation_function", "relu")]), "activation_function"),
      (with(Self.gpt2, [("scale_attn_by_inverse_layer_idx", true)]), "scale_attn_by_inverse_layer_idx"),
    ]
    for (config, key) in refused {
      try folder(config, [])
      let refusal = try #require(refusal { _ = try StoredModel(at: scratch.path) }, "\(key)")
      #expect(refusal.area == .model && refusal.what.contains(key), "\(key): \(refusal)")
      #expect(refusal.place?.contains("config.json:1") == true, "\(refusal)")
    }
    let accepted: [JSONValue] = [
      with(mistral, [("sliding_window", .null)]), with(mistral, [("sliding_window", 16)]),
      with(mistral, [("sliding_window", 8)]), with(qwen2, [("use_sliding_window", true), ("max_window_layers", 0)]),
      with(Self.llama, [("attention_bias", true)]), with(Self.llama, [("mlp_bias", true)]),
      with(Self.llama, [("head_dim", 8)]),
      with(qwen2, [("sliding_window", 8), ("use_sliding_window", false), ("max_window_layers", 28)]),
      with(qwen2, [("layer_types", ["full_attention"])]),
      with(Self.llama, [("rope_theta", 10000.0)]), with(Self.llama, [("rope_parameters", .null), ("rope_theta", 1e6)]),
      with(Self.llama, [("rope_parameters", .null), ("rope_scaling", llama3)]),
      with(Self.llama, [("attention_dropout", 0.1)]),
    ]
    for config in accepted {
      let stored = try StoredModel(at: folder(config, try arrays(with(config, [("attention_dropout", 0.0)]))))
      #expect(stored.configuration.json["rope_theta"] != nil)
      _ = try stored.model()
    }
  }

  // MARK: What comes with a model

  @Test func tokenizerTemplateAndEndTokensComeAlong() throws {
    let config = with(Self.llama, [("vocab_size", 258)])
    let path = try folder(config, [])
    let tokenizer = try Tokenizer.bytes.adding(special: ["<|im_end|>"])
    try scratch.write(tokenizer.json(), to: "tokenizer.json")
    #expect(try StoredModel(at: path).endTokens == [2])
    try scratch.write("{ \"eos_token_id\": [257, 256] }", to: "generation_config.json")
    #expect(try StoredModel(at: path).endTokens == [257, 256])
    #expect(try StoredModel(at: path).chatTemplate == "")
    let several = """
      { "chat_template": [{ "name": "tools", "template": "b" }, { "name": "default", "template": "{{ a }}" }] }
      """
    try scratch.write(several, to: "tokenizer_config.json")
    #expect(try StoredModel(at: path).chatTemplate == "{{ a }}")
    let note = "of several chat templates the default is used, not tools: data.template or --template takes a file"
    #expect(try StoredModel(at: path).notes.contains(note))
    try scratch.write(several.replacing("default", with: "rag"), to: "tokenizer_config.json")
    #expect(refusal { _ = try StoredModel(at: path) }?.what.contains("none of several is called") == true)
    try scratch.write("{ \"chat_template\": \"{{ c }}\" }", to: "tokenizer_config.json")
    #expect(try StoredModel(at: path).chatTemplate == "{{ c }}")
    #expect(try !StoredModel(at: path).notes.contains { $0.contains("chat template") })
    try scratch.write("{{ d }}\n", to: "chat_template.jinja")
    #expect(try StoredModel(at: path).chatTemplate == "{{ d }}\n")
    #expect(try StoredModel(at: path).tokenizer?.json() == tokenizer.json())
    #expect(try Tokenizer(at: path).json() == tokenizer.json())
  }

  @Test func whatIsMissingIsSaid() throws {
    try scratch.write(Self.llama.serialized(), to: "config.json")
    #expect(refusal { _ = try StoredModel(at: scratch.path) }?.what == "the folder holds no model.safetensors")
    try scratch.write("", to: "pytorch_model.bin")
    let notes = refusal { _ = try StoredModel(at: scratch.path) }?.notes
    #expect(notes?.first?.contains("pytorch_model.bin is not read") == true)
    try scratch.write("text", to: "notes.txt")
    #expect(refusal { _ = try StoredModel(at: scratch("notes.txt")) }?.what == "this is no model")
    #expect(refusal { _ = try StoredModel(at: scratch("missing")) }?.exitCode == 5)
  }
}
