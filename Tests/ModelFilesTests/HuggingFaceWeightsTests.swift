import Checkpoints
import Files
import ModelFiles
import Models
import Support
import Testing

/// Which tensors of a folder are the model's.
@Suite struct HuggingFaceWeightsTests: HuggingFaceFolderSuite {
  let scratch = try! ScratchFolder()

  /// The shards of the arrays, and the index that lists where each is.
  private func shards(_ parts: [[NamedArray]], alsoListing others: [String] = []) throws {
    try? Folder.remove(scratch("model.safetensors"))
    var map: JSONValue = [:]
    for (number, part) in parts.enumerated() {
      try SafetensorsFile.write(part, to: scratch("model-\(number).safetensors"))
      for array in part { map[array.name] = JSONValue("model-\(number).safetensors") }
    }
    for name in others { map[name] = "model-0.safetensors" }
    let index: JSONValue = ["metadata": ["total_size": 1], "weight_map": map]
    try scratch.write(index.serialized(), to: "model.safetensors.index.json")
  }

  @Test func oneFileComesBeforeAnIndex() throws {
    let arrays = try arrays(Self.llama)
    let others = arrays.map { array in
      NamedArray(array.name, shape: array.shape, values: [Float](repeating: 1, count: array.shape.reduce(1, *)))
    }
    let path = try folder(Self.llama, arrays)
    let alone = try StoredModel(at: path).model()
    try shards([others])
    try SafetensorsFile.write(arrays, to: scratch("model.safetensors"))
    let both = try StoredModel(at: path)
    #expect(both.notes == ["model.safetensors is read, as transformers does, not model.safetensors.index.json"])
    #expect(try both.model().head.weight.value.elements == alone.head.weight.value.elements)
  }

  @Test func anIndexMayListWhatIsNotNeeded() throws {
    let arrays = try arrays(Self.llama)
    try scratch.write(Self.llama.serialized(), to: "config.json")
    try shards([arrays], alsoListing: ["lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq"])
    #expect(try StoredModel(at: scratch.path).model().head.weight.value.elements.contains { $0 != 0 })
    try scratch.write(with(Self.llama, [("tie_word_embeddings", false)]).serialized(), to: "config.json")
    let refusal = refusal { _ = try StoredModel(at: scratch.path) }
    #expect(refusal?.what == "tensor lm_head.weight is missing", "\(refusal as Any)")
  }

  @Test func aHeadOfItsOwnUnties() throws {
    let arrays = try arrays(Self.llama)
    let (embedding, mask) = (
      arrays[0],
      NamedArray("model.layers.0.self_attn.rotary_emb.inv_freq", shape: [2], values: [Float](arrayLiteral: 1, 2))
    )
    #expect(embedding.name == "model.embed_tokens.weight")
    let tied = try StoredModel(at: folder(Self.llama, arrays)).model().head.weight.value.elements
    let same = NamedArray("lm_head.weight", shape: [40, 8], values: tied)
    let again = try StoredModel(at: folder(Self.llama, arrays + [same, mask]))
    #expect(again.notes.isEmpty && again.configuration.tiesEmbeddings)
    #expect(try again.model().head.weight.value.elements == tied)

    let own = NamedArray("lm_head.weight", shape: [40, 8], values: tied.map { $0 + 1 })
    let untied = try StoredModel(at: folder(Self.llama, arrays + [own]))
    #expect(untied.notes.count == 1 && untied.notes[0].hasPrefix("lm_head.weight differs"), "\(untied.notes)")
    #expect(untied.configuration.json["tie_word_embeddings"] == false)
    #expect(try untied.model().head.weight.value.elements == tied.map { $0 + 1 })

    let alone = try StoredModel(at: folder(Self.llama, Array(arrays[1...]) + [same]))
    #expect(alone.notes.count == 1 && alone.configuration.tiesEmbeddings, "\(alone.notes)")
    #expect(try alone.model().head.weight.value.elements == tied)
  }

  @Test func theHeadOfGPTNeoXHasTwoNames() throws {
    let config: JSONValue = [
      "model_type": "gpt_neox", "vocab_size": 40, "hidden_size": 16, "intermediate_size": 12, "num_hidden_layers": 1,
      "num_attention_heads": 2, "max_position_embeddings": 16,
    ]
    let arrays = try arrays(config)
    let head = try StoredModel(at: folder(config, arrays)).model().head.weight.value.elements
    let renamed = NamedArray("lm_head.weight", shape: [40, 16], values: head)
    let others = arrays.filter { $0.name != "embed_out.weight" }
    #expect(others.count + 1 == arrays.count)
    let stored = try StoredModel(at: folder(config, others + [renamed]))
    #expect(try stored.model().head.weight.value.elements == head)
    let both = refusal { _ = try StoredModel(at: folder(config, arrays + [renamed])) }
    #expect(both?.what == "tensor embed_out.weight is there twice", "\(both as Any)")
  }

  @Test(arguments: [
    ("_orig_mod.", "_orig_mod."), ("module.", "module."), ("module._orig_mod.", "_orig_mod., module."),
    ("_fsdp_wrapped_module.", "_fsdp_wrapped_module."),
  ])
  func wrappersAreTakenOffNames(_ prefix: String, _ said: String) throws {
    let arrays = try arrays(Self.llama)
    let wrapped = arrays.map { array in
      NamedArray(
        prefix + array.name, shape: array.shape, values: [Float](repeating: 2, count: array.shape.reduce(1, *)))
    }
    let stored = try StoredModel(at: folder(Self.llama, wrapped))
    #expect(stored.notes == ["wrappers were taken off the names of tensors: \(said)"])
    #expect(try stored.model().namedParameters.allSatisfy { $0.value.elements.allSatisfy { $0 == 2 } })
    let twice = refusal { _ = try StoredModel(at: try folder(Self.llama, wrapped + arrays)) }
    #expect(twice?.what.hasSuffix("is there twice") == true, "\(twice as Any)")
  }

  @Test func shardsAreOneModel() throws {
    let arrays = try arrays(Self.llama)
    let whole = try StoredModel(at: folder(Self.llama, arrays)).model()
    try Folder.remove(scratch("model.safetensors"))
    let parts = [Array(arrays[..<4]), Array(arrays[4...])]
    var map: JSONValue = [:]
    for (number, part) in parts.enumerated() {
      try SafetensorsFile.write(part, to: scratch("model-\(number).safetensors"))
      for array in part { map[array.name] = JSONValue("model-\(number).safetensors") }
    }
    func index(_ map: JSONValue) throws {
      let index: JSONValue = ["metadata": ["total_size": 1], "weight_map": map]
      try scratch.write(index.serialized(), to: "model.safetensors.index.json")
    }
    try index(map)
    let sharded = try StoredModel(at: scratch.path).model()
    for (one, other) in zip(whole.namedParameters, sharded.namedParameters) {
      #expect(one.value.elements == other.value.elements)
    }
    let faults: [((inout JSONValue) -> Void, String)] = [
      ({ $0["model.norm.weight"] = "model-0.safetensors" }, "is not where the index says"),
      ({ $0["model.norm.weight"] = nil }, "is not where the index says"),
      ({ $0["model.more"] = "model-0.safetensors" }, "tensor model.more is missing"),
      ({ $0["model.norm.weight"] = "../model-1.safetensors" }, "lies in no safetensors file of the folder"),
      ({ $0["model.norm.weight"] = 3 }, "lies in no safetensors file of the folder"),
      ({ $0["model.norm.weight"] = "a.safetensors" }, "cannot open the file"),
    ]
    for (change, words) in faults {
      var changed = map
      change(&changed)
      try index(changed)
      let refusal = try #require(refusal { _ = try StoredModel(at: scratch.path) }, "\(words)")
      #expect(refusal.what.contains(words) && refusal.exitCode == 5, "\(refusal)")
    }
  }
}
