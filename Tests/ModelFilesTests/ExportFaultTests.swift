import Autograd
import Checkpoints
import Files
import ModelFiles
import Models
import Support
import Testing
import Tokenizers

/// What is in the way of an export, and files that came out wrong.
@Suite struct ExportFaultTests {
  private let scratch = try! ScratchFolder()

  @Test func nothingIsOverwrittenUnasked() throws {
    let stored = try scratch.stored("llama-tied")
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
    let stored = try scratch.stored("llama3")
    #expect(refusal { _ = try Export(to: .huggingFace, numbers: .q80) }?.exitCode == 2)
    var config = try #require(stored.configuration as? Llama.Configuration)
    config.hasQKVBias = true
    let odd = try scratch.opened(
      ModelFile.contents(config.makeModel(seed: 1), config, tokenizer: .bytes, chatTemplate: "", step: 0))
    let refusal = refusal { _ = try Export(to: .gguf).write(odd, to: scratch("out")) }
    #expect(refusal?.exitCode == 5 && refusal?.what.contains("rope_scaling") == true)
    // A weight beyond the range of 16 bits becomes infinite.
    let model = try odd.model()
    model.namedParameters[1].mutableBuffer[3..<4].assign([1e6])
    let large = try scratch.opened(ModelFile.contents(model, config, tokenizer: .bytes, chatTemplate: "", step: 0))
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
    let one = try scratch.stored("llama-tied", template: "a", ends: [256])
    let model = try one.model()
    let verification = Verification(one, model, numbers: .q80)
    #expect(try verification.compare(with: one).tensors == model.namedParameters.count)
    func words(_ change: (inout Tokenizer?, inout String, inout [Int32]?, any LanguageModel) throws -> Void) throws
      -> String?
    {
      var (tokenizer, template, ends) = (one.tokenizer, one.chatTemplate, one.endTokens)
      let copy = try one.model()
      try change(&tokenizer, &template, &ends, copy)
      let other = try scratch.opened(
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
