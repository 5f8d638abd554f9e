import Autograd
import Checkpoints
import Files
import Foundation
import Kernels
import ModelFiles
import Models
import Numerics
import Support
import Testing

/// Models whose frozen weights are read into few bits.
@Suite struct PackingTests {
  private let scratch = try! ScratchFolder()

  /// A small model as a model.h5.
  private func stored(_ kind: String) throws -> StoredModel {
    try Folder.create(scratch("models"))
    let path = scratch("models/\(UUID().uuidString).h5")
    _ = try TinyModel.write(kind, to: path)
    return try StoredModel(at: path)
  }

  private func formats(_ model: any LanguageModel) -> [String: [WeightFormat]] {
    Dictionary(
      model.namedParameters.map { ($0.name, $0.parameter.packed?.runs.map(\.format) ?? []) }, uniquingKeysWith: { $1 })
  }

  @Test(arguments: TinyModel.kinds, [WeightFormat.bfloat16, .q80, .q40]) func floatsAreRounded(
    _ kind: String, _ format: WeightFormat
  ) throws {
    let stored = try stored(kind)
    let (floats, packed) = (try stored.model(), try stored.base(packing: Packing(format)))
    #expect(packed.parameters.allSatisfy { $0.isTrained == ($0.packed == nil) })
    for (plain, named) in zip(floats.namedParameters, packed.namedParameters) {
      #expect(plain.name == named.name && plain.shape == named.shape)
      let isTable = ["embed_tokens", "lm_head", "wte", "wpe", "embed_in", "embed_out"].contains {
        named.name.contains($0)
      }
      if named.shape.rank == 2 {
        // Each tensor by itself, whatever is stacked in memory.
        let weight = PackedWeight(rows: named.shape[0], columns: named.shape[1], isTable ? .bfloat16 : format)
        #expect(weight.assign(0..<weight.rows, plain.value.buffer) == nil)
        let rounded = Storage(count: named.shape.count)
        weight.dequantize(0..<weight.rows, to: rounded.mutableBuffer)
        #expect(named.value.elements == rounded.buffer.elements, "\(named.name)")
      } else {
        #expect(named.parameter.packed == nil && named.value.elements == plain.value.elements, "\(named.name)")
      }
      // The model of floats with the same numbers.
      copy(plain.mutableBuffer, named.value.buffer)
    }
    #expect(packed.probe == floats.probe)
  }

  /// Blocks of a file are taken as they are: the model computes what it computes with the floats they stand for.
  @Test(
    arguments: ["llama", "llama-tied", "qwen2"],
    [(Export.Format.gguf, Export.NumberFormat.q80), (.gguf, .float16), (.huggingFace, .bfloat16)])
  func whatTheFileHasIsKept(_ kind: String, _ form: (Export.Format, Export.NumberFormat)) throws {
    _ = try Export(to: form.0, numbers: form.1).write(stored(kind), to: scratch("out"))
    let file = try StoredModel(at: scratch("out"))
    let (floats, packed) = (try file.model(), try file.base(packing: Packing(nil)))
    let expected: WeightFormat = [.q80: .q80, .float16: .float16, .bfloat16: .bfloat16][form.1]!
    for named in packed.namedParameters where named.shape.rank == 2 {
      #expect(named.parameter.packed?.runs.allSatisfy { $0.format == expected } == true, "\(named.name)")
    }
    #expect(packed.probe == floats.probe)
    for (one, other) in zip(floats.namedParameters, packed.namedParameters) {
      #expect(one.value.elements == other.value.elements, "\(one.name)")
    }
  }

  /// What GGUF has transposed is no row of blocks; it stays floats, or is rounded anew.
  @Test func aTransposedMatrixIsReadAsFloats() throws {
    _ = try Export(to: .gguf, numbers: .q80).write(stored("gpt2"), to: scratch("out"))
    let file = try StoredModel(at: scratch("out"))
    let packed = try file.base(packing: Packing(nil))
    #expect(formats(packed)["transformer.h.0.attn.c_attn.weight"] == [])
    #expect(formats(packed)["transformer.wte.weight"] == [.q80])
    #expect(try packed.probe == file.model().probe)
    let rounded = try file.base(packing: Packing(.q40))
    #expect(formats(rounded)["transformer.h.0.attn.c_attn.weight"] == [.q40])
    #expect(formats(rounded)["transformer.wte.weight"] == [.q80])
  }

  /// llama.cpp's mixtures give the values another format than queries and keys, which are one matrix here.
  @Test func stackedTensorsMayDiffer() throws {
    _ = try Export(to: .gguf, numbers: .q80).write(stored("llama"), to: scratch("out"))
    let file = try GGUFFile(scratch("out"))
    let arrays = try file.tensors.map { tensor in
      let array = NamedArray(tensor.name, shape: tensor.shape, values: try file.read(tensor))
      let encoding: GGUFEncoding =
        tensor.name.contains("attn_v") ? .float16 : tensor.name.contains("ffn_up") ? .float32 : .q80
      return (array, tensor.shape.count == 1 ? .float32 : encoding)
    }
    try GGUFFile.write(metadata: file.metadata, arrays, to: scratch("mixed.gguf"))
    let mixed = try StoredModel(at: scratch("mixed.gguf"))
    let packed = try mixed.base(packing: Packing(nil))
    #expect(formats(packed)["model.layers.1.self_attn.k_proj.weight"] == [.q80, .q80, .float16])
    #expect(formats(packed)["model.layers.1.mlp.gate_proj.weight"] == [.q80, .float32])
    #expect(formats(packed)["model.layers.1.mlp.down_proj.weight"] == [.q80])
    #expect(try packed.probe == mixed.model().probe)
    let halves = try mixed.base(packing: Packing(.bfloat16))
    #expect(formats(halves)["model.layers.1.self_attn.k_proj.weight"] == [.bfloat16, .bfloat16, .bfloat16])
    #expect(formats(halves)["model.embed_tokens.weight"] == [.q80])
  }

  @Test func trainedParametersStayFloats() throws {
    let stored = try stored("llama")
    let model = try stored.base(packing: Packing(.q40) { !$0.contains("embed_tokens") && !$0.contains("down_proj") })
    for named in model.namedParameters {
      let isMatrix = named.shape.rank == 2
      let isTrained = named.name.contains("embed_tokens") || named.name.contains("down_proj")
      #expect((named.parameter.packed != nil) == (isMatrix && !isTrained), "\(named.name)")
    }
  }

  /// New tokens' vectors are the mean of the others', as in a model of floats; what is of few bits stays so.
  @Test func aVocabularyGrows() throws {
    let stored = try stored("llama")
    let packed = try stored.base(packing: Packing(.q40))
    var configuration = stored.configuration
    configuration.vocabularySize += 3
    let grown = packed.grown(to: configuration)
    #expect(formats(grown)["model.embed_tokens.weight"] == [.bfloat16, .float32])
    #expect(formats(grown)["model.layers.0.mlp.down_proj.weight"] == [.q40])
    for (old, new) in zip(packed.namedParameters, grown.namedParameters) {
      let (before, after) = (old.value.elements, new.value.elements)
      #expect(Array(after.prefix(before.count)) == before, "\(old.name)")
      guard after.count > before.count else { continue }
      let means = Storage(count: 32)
      columnMeans(means.mutableBuffer, old.value.matrix)
      #expect(Array(after.suffix(32)) == means.buffer.elements && after.count == before.count + 96)
    }
  }

  @Test func rowsThatDoNotFitAreRefusedByName() throws {
    let text = """
      { "model_type": "llama", "vocab_size": 257, "hidden_size": 40, "intermediate_size": 64, "num_hidden_layers": 1,
        "num_attention_heads": 4, "max_position_embeddings": 64 }
      """
    let configuration = try ModelDescription(configuration: text, source: "test").configuration(vocabularySize: 257)
    let path = scratch("model.h5")
    try ModelFile.contents(
      configuration.makeModel(seed: 1), configuration, tokenizer: nil, chatTemplate: "", step: 0
    ).write(to: path)
    let stored = try StoredModel(at: path)
    let failure = try #require(refusal { _ = try stored.base(packing: Packing(.q40)) })
    #expect(failure.description.contains("model.layers.0.self_attn.q_proj.weight cannot be stored as Q4_0"))
    #expect(failure.description.contains("40"))
    #expect(
      try formats(stored.base(packing: Packing(.bfloat16)))["model.layers.0.mlp.down_proj.weight"] == [.bfloat16])
  }

  @Test func numbersThatCannotBeHeldAreRefusedByName() throws {
    let configuration = try TinyModel.configuration("llama")
    let model = configuration.makeModel(seed: 1)
    let named = model.namedParameters.first { $0.name == "model.layers.1.self_attn.v_proj.weight" }!
    named.mutableBuffer[3 * 32..<3 * 32 + 1].assign([.infinity])
    let path = scratch("model.h5")
    try ModelFile.contents(model, configuration, tokenizer: nil, chatTemplate: "", step: 0).write(to: path)
    let failure = try #require(refusal { _ = try StoredModel(at: path).base(packing: Packing(.q80)) })
    #expect(failure.description.contains("model.layers.1.self_attn.v_proj.weight cannot be stored as Q8_0"))
    #expect(failure.description.contains("row 3 "))
  }

  /// A model in four bits as people have it: the blocks are kept, and the model is the one of their floats.
  @Test(.needsSharedData("models/model-smollm2-135m-instruct")) func aRealModelKeepsItsBlocks() throws {
    let path = SharedData.url("models/model-smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf")!.path
    let stored = try StoredModel(at: path)
    let packed = try stored.base(packing: Packing(nil))
    let bytes = packed.parameters.reduce(0) { $0 + ($1.packed?.byteCount ?? 4 * $1.shape.count) }
    #expect(bytes < 98_362_432 && packed.parameterCount > 134_000_000)
    #expect(Set(formats(packed)["model.layers.3.mlp.up_proj.weight"]!) == [.q41])
    #expect(try packed.probe == stored.model().probe)
  }
}
