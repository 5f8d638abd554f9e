import Autograd
import Checkpoints
import Files
import Foundation
import Inference
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// A small byte-level tokenizer with merges and control tokens.
private func merging() throws -> Tokenizer {
  let text = Array(String(repeating: "the quick brown fox jumps over the lazy dog 12345 times. ", count: 20).utf8)
  return try Tokenizer.train(
    on: [text], vocabularySize: 300, specialTokens: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    preTokenizer: .qwen2)
}

/// A small SentencePiece tokenizer.
private func pieces() throws -> Tokenizer {
  let bytes = (0..<256).map { String(format: "<0x%02X>", $0) }
  let words = ["\u{2581}", "t", "h", "e", "o", "a", "th", "the", "\u{2581}the", "\u{2581}a", "he"]
  return try Tokenizer(
    pieces: ["<unk>", "<s>", "</s>"] + bytes + words,
    scores: [Double](repeating: 0, count: 259) + words.indices.map { -Double($0) },
    tokenTypes: [2, 3, 3] + [Int32](repeating: 6, count: 256) + words.map { _ in 1 }, addsSpacePrefix: true,
    beginningOfText: 1, addsBeginningOfText: true)
}

@Suite struct ExportTests {
  private let scratch = try! ScratchFolder()

  /// Opens a model that is made of the given contents. HDF5 does not rewrite a file that is still open.
  private func opened(_ contents: ArrayFileContents) throws -> StoredModel {
    let path = scratch("models/\(UUID().uuidString).h5")
    try Folder.create(scratch("models"))
    try contents.write(to: path)
    return try StoredModel(at: path)
  }

  private func stored(_ kind: String, _ tokenizer: Tokenizer? = .bytes, template: String = "", ends: [Int32]? = nil)
    throws -> StoredModel
  {
    try Folder.create(scratch("models"))
    let path = scratch("models/\(UUID().uuidString).h5")
    _ = try TinyModel.write(kind, to: path, tokenizer: tokenizer, chatTemplate: template, endTokens: ends)
    return try StoredModel(at: path)
  }

  // MARK: There and back

  @Test(arguments: TinyModel.kinds, Export.Format.allCases.filter(\.holdsModel)) func floatsComeBackToTheBit(
    _ kind: String, _ format: Export.Format
  ) throws {
    let stored = try stored(kind)
    let outcome = try Export(to: format).write(stored, to: scratch("out"))
    // llama.cpp has the weights of Gemma's norms larger by 1, which rounds them.
    let isRounded = kind == "gemma3_text" && format == .gguf
    #expect(outcome.weightDifference <= (isRounded ? 1e-7 : 0) && outcome.logitDifference <= (isRounded ? 1e-5 : 0))
    let model = try stored.model()
    #expect(outcome.tensors == model.namedParameters.count)
    guard format != .safetensors else {
      let file = try SafetensorsFile(scratch("out"))
      #expect(file.entries.map(\.name).sorted() == model.namedParameters.map(\.name).sorted())
      return
    }
    let back = try StoredModel(at: scratch("out"))
    if !isRounded { #expect(try back.model().probe == model.probe) }
    #expect(back.configuration.json["model_type"] == stored.configuration.json["model_type"])
    #expect(back.tokenizer?.texts == stored.tokenizer?.texts)
  }

  @Test(
    arguments: TinyModel.kinds,
    [
      (Export.Format.huggingFace, Export.NumberFormat.float16), (.huggingFace, .bfloat16), (.gguf, .float16),
      (.gguf, .bfloat16), (.gguf, .q80),
    ])
  func narrowNumbersComeBackRounded(_ kind: String, _ form: (Export.Format, Export.NumberFormat)) throws {
    let stored = try stored(kind)
    let outcome = try Export(to: form.0, numbers: form.1).write(stored, to: scratch("out"))
    #expect(outcome.weightDifference > 1e-5 && outcome.weightDifference < 0.01)
    #expect(outcome.logitDifference > 0 && outcome.logitDifference < 0.05)
  }

  @Test(arguments: [Export.Format.huggingFace, .gguf]) func whatBelongsToAModelComesAlong(_ format: Export.Format)
    throws
  {
    for tokenizer in [try merging(), try pieces()] {
      var configuration = try TinyModel.configuration("llama")
      configuration.vocabularySize = 320
      let ends = [Int32(2), 0]
      let stored = try opened(
        ModelFile.contents(
          configuration.makeModel(seed: 2), configuration, tokenizer: tokenizer, chatTemplate: "{{ messages }}\n",
          endTokens: ends, step: 3))
      _ = try Export(to: format, overwrite: true).write(stored, to: scratch("out"))
      let back = try StoredModel(at: scratch("out"))
      #expect(back.endTokens == ends)
      #expect(back.chatTemplate == "{{ messages }}\n")
      #expect(back.configuration.vocabularySize == 320)
      let copy = try #require(back.tokenizer)
      #expect(copy.addsBeginningOfText == tokenizer.addsBeginningOfText)
      #expect(copy.beginningOfText == tokenizer.beginningOfText)
      for text in ["the lazy dog", " the  12345 é日", "<|im_end|></s>the"] {
        #expect(copy.encode(text, special: .parse) == tokenizer.encode(text, special: .parse))
        #expect(copy.decode(copy.encode(text)) == Array(text.utf8))
      }
      try Folder.remove(scratch("out"))
    }
  }

  // MARK: The files

  @Test func aHuggingFaceFolderHasWhatItsLibrariesLookFor() throws {
    let tokenizer = try merging()
    var configuration = try TinyModel.configuration("llama")
    configuration.vocabularySize = tokenizer.vocabularySize
    let contents = ModelFile.contents(
      configuration.makeModel(seed: 2), configuration, tokenizer: tokenizer, chatTemplate: "{{ x }}",
      endTokens: [2, 0],
      step: 3)
    _ = try Export(to: .huggingFace, numbers: .bfloat16).write(opened(contents), to: scratch("out"))
    func json(_ name: String) throws -> JSONValue {
      try JSONValue.parse(ReadableFile.contents(of: scratch("out/\(name)"), area: .data), source: name, area: .data)
    }
    let config = try json("config.json")
    #expect(config["architectures"] == ["LlamaForCausalLM"] && config["torch_dtype"] == "bfloat16")
    #expect(config["eos_token_id"] == [2, 0])
    // Left out, transformers would take the token that pads the architecture's own tokenizer.
    #expect(config["pad_token_id"] == .null && config["bos_token_id"] == .null)
    let generation = try json("generation_config.json")
    #expect(generation["eos_token_id"] == [2, 0] && generation["pad_token_id"] == 2)
    let settings = try json("tokenizer_config.json")
    #expect(settings["chat_template"] == "{{ x }}" && settings["eos_token"] == "<|im_end|>")
    #expect(settings["tokenizer_class"] == "PreTrainedTokenizerFast")
    #expect(try json("special_tokens_map.json")["eos_token"] == "<|im_end|>")
    let file = try SafetensorsFile(scratch("out/model.safetensors"))
    #expect(file.metadata == ["format": "pt"] && file.entries.allSatisfy { $0.type == .bfloat16 })
  }

  /// The layout of GGUF, derived from llama.cpp's converter: rows [heads, 2, half] become [heads, half, 2].
  @Test func ggufHasRowsInPairsAndMatricesOfGPT2Transposed() throws {
    let llama = try stored("llama")
    let model = try llama.model()
    _ = try Export(to: .gguf).write(llama, to: scratch("a.gguf"))
    let file = try GGUFFile(scratch("a.gguf"))
    func tensor(_ file: GGUFFile, _ name: String) throws -> [Float] {
      try file.read(#require(file.tensors.first { $0.name == name }))
    }
    func weight(_ model: any LanguageModel, _ name: String) throws -> [Float] {
      try #require(model.namedParameters.first { $0.name == name }).value.elements
    }
    for (name, gguf, heads) in [("q_proj", "attn_q", 4), ("k_proj", "attn_k", 2)] {
      let rows = try weight(model, "model.layers.1.self_attn.\(name).weight")
      let stored = try tensor(file, "blk.1.\(gguf).weight")
      let size = 8
      for head in 0..<heads {
        for half in 0..<2 {
          for pair in 0..<size / 2 {
            let (from, to) = (head * size + half * size / 2 + pair, head * size + 2 * pair + half)
            #expect(stored[to * 32..<(to + 1) * 32] == rows[from * 32..<(from + 1) * 32])
          }
        }
      }
    }
    #expect(try tensor(file, "blk.0.attn_v.weight") == weight(model, "model.layers.0.self_attn.v_proj.weight"))
    #expect(file["llama.rope.dimension_count"] == .integer(8) && file["general.file_type"] == .integer(0))
    #expect(file["tokenizer.ggml.pre"] == .string("gpt-2") && file["tokenizer.ggml.eos_token_id"] == .integer(256))

    let gpt2 = try self.stored("gpt2")
    _ = try Export(to: .gguf).write(gpt2, to: scratch("b.gguf"))
    let other = try GGUFFile(scratch("b.gguf"))
    let matrix = try weight(gpt2.model(), "transformer.h.0.mlp.c_fc.weight")
    let transposed = try tensor(other, "blk.0.ffn_up.weight")
    #expect(other.tensors.first { $0.name == "blk.0.ffn_up.weight" }?.shape == [128, 32])
    for row in 0..<32 { for column in 0..<128 { #expect(transposed[column * 32 + row] == matrix[row * 128 + column]) } }
  }

  // MARK: Existing files, and files that came out wrong

  @Test func nothingIsOverwrittenUnasked() throws {
    let stored = try stored("llama-tied")
    for (format, name) in [(Export.Format.huggingFace, "folder"), (.gguf, "file")] {
      _ = try Export(to: format).write(stored, to: scratch(name))
      let refusal = refusal { _ = try Export(to: format).write(stored, to: scratch(name)) }
      #expect(refusal?.area == .usage && refusal?.notes == ["--overwrite replaces it"])
      _ = try Export(to: format, overwrite: true).write(stored, to: scratch(name))
    }
    #expect(refusal { _ = try Export(to: .gguf, overwrite: true).write(stored, to: scratch("folder")) }?.exitCode == 2)
    #expect(
      refusal { _ = try Export(to: .huggingFace, overwrite: true).write(stored, to: scratch("file")) }?.exitCode == 2)
    try scratch.write("mine", to: "folder/letter.txt")
    let refusal = refusal { _ = try Export(to: .huggingFace, overwrite: true).write(stored, to: scratch("folder")) }
    #expect(refusal?.notes.first == "found letter.txt")
    #expect(try Folder.names(in: scratch.path, area: .data).sorted() == ["file", "folder", "models"])
  }

  @Test func whatCannotBeWrittenLeavesNothing() throws {
    let stored = try stored("llama3")
    #expect(refusal { _ = try Export(to: .huggingFace, numbers: .q80) }?.exitCode == 2)
    var config = try #require(stored.configuration as? Llama.Configuration)
    config.hasQKVBias = true
    let odd = try opened(
      ModelFile.contents(config.makeModel(seed: 1), config, tokenizer: .bytes, chatTemplate: "", step: 0))
    let refusal = refusal { _ = try Export(to: .gguf).write(odd, to: scratch("out")) }
    #expect(refusal?.exitCode == 5 && refusal?.what.contains("rope_scaling") == true)
    // A weight beyond the range of 16 bits becomes infinite.
    let model = try odd.model()
    model.namedParameters[1].mutableBuffer[3..<4].assign([1e6])
    let large = try opened(ModelFile.contents(model, config, tokenizer: .bytes, chatTemplate: "", step: 0))
    let verification = Support.refusal {
      _ = try Export(to: .huggingFace, numbers: .float16).write(large, to: scratch("out"))
    }
    #expect(
      verification?.exitCode == 8 && verification?.what.contains("tensor") == true,
      "\(String(describing: verification))")
    #expect(try Folder.names(in: scratch.path, area: .data) == ["models"])
  }

  @Test func anArchitectureThatGGUFDoesNotNameIsRefused() throws {
    let model = try TinyModel.configuration("llama").makeModel(seed: 1)
    let stored = try StoredModel(Unnamed(), tokenizer: nil, weights: ParameterWeights(model: model))
    let refused = refusal { _ = try Export(to: .gguf).write(stored, to: scratch("out")) }
    #expect(refused?.area == .model, "\(String(describing: refused))")
    #expect(refused?.what == "GGUF has no name for the architecture \"unnamed\"")
    #expect(refused?.notes.first?.hasPrefix("expected llama, qwen2, gpt2, qwen3, ") == true)
    #expect(try Export(to: .safetensors).write(stored, to: scratch("out")).tensors == model.namedParameters.count)
  }

  @Test func everyDifferenceIsFound() throws {
    let one = try stored("llama-tied", template: "a", ends: [256])
    let model = try one.model()
    let verification = Verification(one, model, numbers: .q80)
    #expect(try verification.compare(with: one).tensors == model.namedParameters.count)
    func words(_ change: (inout Tokenizer?, inout String, inout [Int32]?, any LanguageModel) throws -> Void) throws
      -> String?
    {
      var (tokenizer, template, ends) = (one.tokenizer, one.chatTemplate, one.endTokens)
      let copy = try one.model()
      try change(&tokenizer, &template, &ends, copy)
      let other = try opened(
        ModelFile.contents(
          copy, one.configuration, tokenizer: tokenizer, chatTemplate: template, endTokens: ends, step: 7))
      let refusal = refusal { _ = try verification.compare(with: other) }
      #expect(refusal.map { $0.exitCode == 8 } ?? true)
      return refusal?.what
    }
    #expect(try words { _, _, _, _ in } == nil)
    #expect(try words { tokenizer, _, _, _ in tokenizer = nil }?.contains("tokenizer is missing") == true)
    #expect(try words { _, template, _, _ in template = "b" }?.contains("chat template") == true)
    #expect(try words { _, _, ends, _ in ends = [3] }?.contains("end a text") == true)
    let swapped = try words { _, _, _, model in
      let weight = model.namedParameters.first { $0.name.hasSuffix("q_proj.weight") }!
      let rows = weight.value.elements
      weight.mutableBuffer[0..<64].assign(Array(rows[32..<64] + rows[0..<32]))
    }
    #expect(swapped?.contains("q_proj.weight differs") == true)
    let missing = try words { _, _, _, model in model.namedParameters[2].mutableBuffer[0..<1].assign([.nan]) }
    #expect(missing?.contains("differs") == true)
  }

  // MARK: Import

  @Test func aCheckpointFolderIsMadeOfAnyModel() throws {
    let stored = try stored("qwen2", template: "t", ends: [256, 7])
    _ = try Export(to: .gguf).write(stored, to: scratch("a.gguf"))
    try Import.write(StoredModel(at: scratch("a.gguf")), to: scratch("in/folder/"), overwrite: false)
    #expect(try Folder.names(in: scratch("in/folder"), area: .data) == ["manifest.json", "model.h5", "tokenizer.json"])
    let back = try StoredModel(at: scratch("in/folder"))
    #expect(try back.model().probe == stored.model().probe)
    #expect(back.chatTemplate == "t" && back.endTokens == [256, 7])
    #expect(refusal { try Import.write(stored, to: scratch("in/folder"), overwrite: false) }?.exitCode == 2)
    try Import.write(stored, to: scratch("in/folder"), overwrite: true)
    #expect(try StoredModel(at: scratch("in/folder")).step == 7)
    #expect(try Folder.names(in: scratch("in"), area: .data) == ["folder"])
    // Each part of the file has a checksum: a changed one is refused when it is read.
    var bytes = try ReadableFile.contents(of: scratch("in/folder/model.h5"), area: .data)
    bytes[bytes.count / 2] ^= 1
    try DurableFile.write(bytes, to: scratch("in/folder/model.h5"))
    #expect(refusal { _ = try StoredModel(at: scratch("in/folder")).model() }?.what.contains("damaged") == true)
  }
}

/// A small Llama under a name that no other program knows.
private struct Unnamed: ModelConfiguration {
  static let architecture = Llama.Configuration.architecture
  static let keys: [ConfigurationKey<Self>] = []
  private var llama = try! TinyModel.configuration("llama")

  func check(_ section: inout SettingsSection) {}
  var vocabularySize: Int {
    get { llama.vocabularySize }
    set { llama.vocabularySize = newValue }
  }
  var maximumPositions: Int { llama.maximumPositions }
  var dimensions: ModelDimensions { llama.dimensions }
  var tiesEmbeddings: Bool {
    get { llama.tiesEmbeddings }
    set { llama.tiesEmbeddings = newValue }
  }
  var parameterCount: Int? { llama.parameterCount }
  var huggingFaceModel: (type: String, className: String) { ("unnamed", "Unnamed") }
  func makeModel(seed: UInt64?) -> any LanguageModel { llama.makeModel(seed: seed) }
}

/// The weights of a model in memory.
private struct ParameterWeights: WeightSource {
  let model: any LanguageModel
  let path = "memory"
  var shapes: [(name: String, shape: [Int]?)] { model.namedParameters.map { ($0.name, $0.value.shape.dimensions) } }

  func read(_ name: String, into values: UnsafeMutableBufferPointer<Float>) throws(Failure) {
    _ = values.update(fromContentsOf: model.namedParameters.first { $0.name == name }!.value.elements)
  }
}
