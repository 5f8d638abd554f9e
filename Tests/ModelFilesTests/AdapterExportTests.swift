import Autograd
import Checkpoints
import Files
import ModelFiles
import Models
import Support
import Testing

/// Adapters written for other programs.
@Suite struct AdapterExportTests {
  private let scratch = try! ScratchFolder()

  /// A small model with an adapter whose updates are not zero, as an adapter.h5.
  private func adapted(_ kind: String, _ keys: String) throws -> StoredModel {
    _ = try TinyModel.write(kind, to: scratch("base.h5"))
    let base = try StoredModel(at: scratch("base.h5"))
    let decoder = SettingsDecoder(source: "adapter", area: .model)
    let settings = decoder.read(try JSONValue.parse(Array(keys.utf8), source: "adapter", area: .model)) {
      AdaptedBase(from: &$0)
    }
    if let failure = decoder.failure { throw failure }
    let model = try base.base()
    try model.attach(settings.adapter, seed: 2)
    var generator = Generator(seed: 3)
    for named in model.trainedParameters {
      let noise = generator.normal(named.shape, deviation: 0.2).elements
      named.mutableBuffer.assign(zip(named.value.elements, noise).map { $0 + $1 })
    }
    let parts = ModelFile.Parts(
      base.configuration, tokenizer: base.tokenizer, chatTemplate: base.chatTemplate, endTokens: base.endTokens, step: 3
    )
    try AdapterFile.contents(
      model, parts, settings, base: scratch("base.h5"), digest: base.weightsDigest()
    ).write(to: scratch("adapter.h5"))
    return try StoredModel(at: scratch("adapter.h5"))
  }

  /// llama.cpp adds alpha / r B A to each weight of the base's own file: that is the merged model.
  @Test(
    arguments: ["llama", "qwen2", "gpt2", "qwen3", "gemma3_text", "olmo2", "phi3", "smollm3", "granite", "gpt_neox"],
    [#""lora_alpha": 5"#, #""use_rslora": true"#, #""init_lora_weights": "pissa""#])
  func theNumbersForLlamaCppAreTheUpdates(_ kind: String, _ more: String) throws { try expectUpdates(kind, more) }

  /// One alpha stands for all layers.
  @Test func otherRanksAndAlphasComeOut() throws {
    try expectUpdates(
      "llama",
      #""use_rslora": true, "rank_pattern": { "q_proj": 2, ".*1.mlp.up_proj": 5 }, "alpha_pattern": { "v_proj": 9 }"#)
  }

  /// llama.cpp has a head to adapt where it is one of its own.
  @Test func theHeadsUpdatesComeOut() throws {
    try expectUpdates("llama", #""target_modules": ["q_proj", "lm_head"]"#)
    let stored = try adapted("llama-tied", #"{ "r": 3, "target_modules": ["lm_head"] }"#)
    let failure = try #require(refusal { _ = try Export(to: .ggufAdapter).write(stored, to: scratch("tied.gguf")) })
    #expect(failure.description.contains("where it is the embedding, too"))
    #expect(refusal { try stored.checkMerge() }?.what.contains("cannot be merged") == true)
  }

  /// Folders of PEFT's with an adapted head, beside the matrix of the base or without it, and with a tied embedding; another base's
  /// is refused.
  @Test(arguments: [
    ("llama", #""target_modules": ["lm_head", "q_proj"]"#), ("llama-tied", #""target_modules": ["lm_head", "q_proj"]"#),
    ("llama-tied", #""modules_to_save": ["embed_tokens"], "ensure_weight_tying": true"#),
  ])
  func headsGoToPEFTAndBack(_ kind: String, _ keys: String) throws {
    let stored = try adapted(kind, "{ \"r\": 2, \(keys) }")
    _ = try Export(to: .peft).write(stored, to: scratch("peft"))
    let file = try SafetensorsFile(scratch("peft/adapter_model.safetensors"))
    func rewritten(_ change: Float) throws {
      let arrays = try file.entries.map { entry in
        var values = [Float](repeating: 0, count: entry.shape.reduce(1, *))
        try values.withUnsafeMutableBufferPointer { (values) throws(Failure) in try file.read(entry, into: values) }
        if entry.name.hasSuffix("lm_head.weight") { values[5] += change }
        return NamedArray(entry.name, shape: entry.shape, values: values)
      }
      let base = try StoredModel(at: scratch("base.h5")).model().head.weight.value
      var copy = base.elements
      copy[5] += change
      let repeated =
        keys.contains("q_proj")
        ? [NamedArray("base_model.model.lm_head.base_layer.weight", shape: base.shape.dimensions, values: copy)] : []
      try SafetensorsFile.write(arrays + repeated, as: .float32, to: scratch("peft/adapter_model.safetensors"))
    }
    try rewritten(0)
    #expect(try StoredModel(at: scratch("peft")).model().probe == stored.model().probe)
    try rewritten(1)
    let failure = refusal { _ = try StoredModel(at: scratch("peft")).model() }
    #expect(failure?.what == "the adapter's file has another head than its base")
  }

  /// PEFT ties no head to an embedding by another name than `embed_tokens`, unless the file repeats it, and finds none that is called
  /// `embed_out`.
  @Test func anEmbeddingByAnotherNameNeedsItsHeadBesideIt() throws {
    func keys(_ target: String, _ embedding: String) -> String {
      """
      { "r": 2, "target_modules": ["\(target)"], "modules_to_save": ["\(embedding)"], "ensure_weight_tying": true }
      """
    }
    let stored = try adapted("gpt2", keys("c_attn", "wte"))
    _ = try Export(to: .peft).write(stored, to: scratch("peft"))
    #expect(try StoredModel(at: scratch("peft")).model().probe == stored.model().probe)
    let file = try SafetensorsFile(scratch("peft/adapter_model.safetensors"))
    let arrays = try file.entries.filter { !$0.name.hasSuffix("lm_head.weight") }.map { entry in
      var values = [Float](repeating: 0, count: entry.shape.reduce(1, *))
      try values.withUnsafeMutableBufferPointer { (values) throws(Failure) in try file.read(entry, into: values) }
      return NamedArray(entry.name, shape: entry.shape, values: values)
    }
    #expect(arrays.count == file.entries.count - 1)
    try SafetensorsFile.write(arrays, as: .float32, to: scratch("peft/adapter_model.safetensors"))
    let failure = refusal { _ = try StoredModel(at: scratch("peft")) }
    #expect(failure?.what.contains("PEFT leaves the head as it is in the base") == true)
    let neox = try adapted("gpt_neox-tied", keys("query_key_value", "embed_in"))
    let refused = refusal { _ = try Export(to: .peft).write(neox, to: scratch("neox")) }
    #expect(refused?.what == "PEFT finds no head of this name to put in place")
  }

  private func expectUpdates(_ kind: String, _ more: String) throws {
    let stored = try adapted(kind, #"{ "r": 3, \#(more) }"#)
    let outcome = try Export(to: .ggufAdapter).write(stored, to: scratch("lora.gguf"))
    #expect(outcome.tensors > 0)
    _ = try Export(to: .gguf).write(StoredModel(at: scratch("base.h5")), to: scratch("base.gguf"))
    let (base, lora) = (try GGUFFile(scratch("base.gguf")), try GGUFFile(scratch("lora.gguf")))
    #expect(lora["general.type"] == .string("adapter") && lora["adapter.type"] == .string("lora"))
    #expect(lora["general.architecture"] == base["general.architecture"])
    guard case .float(let alpha)? = lora["adapter.lora.alpha"] else { return #expect(Bool(false), "no alpha") }
    var used = 0
    let arrays = try base.tensors.map { tensor -> (NamedArray, GGUFEncoding) in
      var values = try base.read(tensor)
      if let a = lora.tensors.first(where: { $0.name == tensor.name + ".lora_a" }),
        let b = lora.tensors.first(where: { $0.name == tensor.name + ".lora_b" })
      {
        let (rank, inputs) = (a.shape[0], a.shape[1])
        #expect(b.shape == [tensor.shape[0], rank] && inputs == tensor.shape[1])
        let (down, up) = (try lora.read(a), try lora.read(b))
        for place in values.indices {
          let sum = (0..<rank).reduce(0.0) {
            $0 + Double(up[place / inputs * rank + $1]) * Double(down[$1 * inputs + place % inputs])
          }
          values[place] += Float(alpha / Double(rank) * sum)
        }
        used += 2
      }
      return (NamedArray(tensor.name, shape: tensor.shape, values: values), .float32)
    }
    #expect(used == lora.tensors.count && used > 0)
    try GGUFFile.write(metadata: base.metadata, arrays, to: scratch("merged.gguf"))
    let (found, expected) = (try StoredModel(at: scratch("merged.gguf")).model().probe, try stored.model().probe)
    let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 2e-3 * (expected.map { abs($0) }.max() ?? 1), "\(worst)")
  }

  @Test(arguments: [(#""use_dora": true"#, "use_dora"), (#""modules_to_save": ["lm_head"]"#, "modules_to_save")])
  func whatLlamaCppLacksIsRefusedByName(_ more: String, _ word: String) throws {
    let stored = try adapted("llama", "{ \"r\": 3, \(more) }")
    let failure = try #require(refusal { _ = try Export(to: .ggufAdapter).write(stored, to: scratch("lora.gguf")) })
    #expect(failure.description.contains(word) && failure.description.contains("--to gguf"))
  }

  /// Weights of an adapter that are no numbers are none.
  @Test(arguments: [Float.nan, .infinity]) func brokenNumbersAreRefused(_ bad: Float) throws {
    _ = try Export(to: .peft).write(adapted("llama", #"{ "r": 2 }"#), to: scratch("peft"))
    let file = try SafetensorsFile(scratch("peft/adapter_model.safetensors"))
    let arrays = try file.entries.map { entry in
      var values = [Float](repeating: 0, count: entry.shape.reduce(1, *))
      try values.withUnsafeMutableBufferPointer { (values) throws(Failure) in try file.read(entry, into: values) }
      if entry.name.contains("1.mlp.up_proj.lora_B") { values[3] = bad }
      return NamedArray(entry.name, shape: entry.shape, values: values)
    }
    try SafetensorsFile.write(arrays, as: .float32, to: scratch("peft/adapter_model.safetensors"))
    let failure = try #require(refusal { _ = try StoredModel(at: scratch("peft")).model() })
    #expect(
      failure.description.contains("infinite or no number") && failure.description.contains("1.mlp.up_proj.lora_B"))
  }

  @Test func anAdapterIsNoModel() throws {
    _ = try Export(to: .ggufAdapter).write(adapted("llama", #"{ "r": 2 }"#), to: scratch("lora.gguf"))
    let failure = try #require(refusal { _ = try StoredModel(at: scratch("lora.gguf")) })
    #expect(failure.description.contains("an adapter, not a model"))
  }
}
