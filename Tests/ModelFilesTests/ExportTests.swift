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

  // MARK: There and back

  @Test(arguments: TinyModel.kinds, Export.Format.allCases.filter(\.holdsModel)) func floatsComeBackToTheBit(
    _ kind: String, _ format: Export.Format
  ) throws {
    let stored = try scratch.stored(kind)
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
    let stored = try scratch.stored(kind)
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
      let stored = try scratch.opened(
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

  /// The embedding's padding token goes out and comes back. In files of earlier versions, which do not name one, all rows learn.
  @Test func thePaddingTokenIsTheConfigurations() throws {
    for (kind, expected) in [("gemma3_text", 0), ("olmo2", 1), ("llama", .null)] as [(String, JSONValue)] {
      let configuration = try TinyModel.configuration(kind)
      var contents = ModelFile.contents(
        configuration.makeModel(seed: 2), configuration, tokenizer: nil, chatTemplate: "", step: 3)
      let opened = try scratch.opened(contents)
      #expect(opened.configuration.json["pad_token_id"] == expected)
      _ = try Export(to: .huggingFace, numbers: .float32).write(opened, to: scratch(kind))
      #expect(try StoredModel(at: scratch(kind)).configuration.json["pad_token_id"] == expected)
      var config = configuration.json
      config["pad_token_id"] = nil
      contents.attributes["config"] = .string(config.serialized())
      #expect(try scratch.opened(contents).configuration.json["pad_token_id"] == .null)
    }
  }

  /// In GGUF it is the one that the metadata names, as transformers reads it.
  @Test func thePaddingTokenGoesThroughGGUF() throws {
    var config = try TinyModel.configuration("llama").json
    config["pad_token_id"] = 9
    let configuration = try ModelDescription(configuration: config.serialized(), source: "config.json").configuration(
      vocabularySize: 257)
    let contents = ModelFile.contents(
      configuration.makeModel(seed: 2), configuration, tokenizer: .bytes, chatTemplate: "", step: 3)
    _ = try Export(to: .gguf, numbers: .float32).write(scratch.opened(contents), to: scratch("padded.gguf"))
    #expect(try StoredModel(at: scratch("padded.gguf")).configuration.json["pad_token_id"] == 9)
  }

  @Test func aHuggingFaceFolderHasWhatItsLibrariesLookFor() throws {
    let tokenizer = try merging()
    var configuration = try TinyModel.configuration("llama")
    configuration.vocabularySize = tokenizer.vocabularySize
    let contents = ModelFile.contents(
      configuration.makeModel(seed: 2), configuration, tokenizer: tokenizer, chatTemplate: "{{ x }}",
      endTokens: [2, 0],
      step: 3)
    _ = try Export(to: .huggingFace, numbers: .bfloat16).write(scratch.opened(contents), to: scratch("out"))
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
    let llama = try scratch.stored("llama")
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

    let gpt2 = try scratch.stored("gpt2")
    _ = try Export(to: .gguf).write(gpt2, to: scratch("b.gguf"))
    let other = try GGUFFile(scratch("b.gguf"))
    let matrix = try weight(gpt2.model(), "transformer.h.0.mlp.c_fc.weight")
    let transposed = try tensor(other, "blk.0.ffn_up.weight")
    #expect(other.tensors.first { $0.name == "blk.0.ffn_up.weight" }?.shape == [128, 32])
    for row in 0..<32 { for column in 0..<128 { #expect(transposed[column * 32 + row] == matrix[row * 128 + column]) } }
  }

  // MARK: Import

  @Test func aCheckpointFolderIsMadeOfAnyModel() throws {
    let stored = try scratch.stored("qwen2", template: "t", ends: [256, 7])
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
