import Files
import ModelFiles
import Support
import Testing
import Tokenizers

/// Which tokens begin and end a text of a model in a folder.
@Suite struct HuggingFaceTokensTests: HuggingFaceFolderSuite {
  let scratch = try! ScratchFolder()

  /// The order of transformers: generation_config.json, config.json, then the tokenizer; what its files name comes before
  /// what its vocabulary looks like.
  @Test func tokensAreTakenInOrder() throws {
    let config = with(Self.llama, [("vocab_size", 259)])
    let path = try folder(config, [])
    let tokenizer = try Tokenizer.bytes.adding(special: ["<s>", "<|im_end|>"])
    try scratch.write(tokenizer.json(), to: "tokenizer.json")
    func stored(_ config: JSONValue, generation: String? = nil, tokenizer named: String? = nil) throws -> StoredModel {
      for (name, text) in [
        ("config.json", config.serialized()), ("generation_config.json", generation), ("tokenizer_config.json", named),
      ] {
        if let text { try scratch.write(text, to: name) } else { try? Folder.remove(scratch(name)) }
      }
      return try StoredModel(at: path)
    }
    let several = try stored(config, generation: "{\"eos_token_id\": [258, 300, 258, 2], \"bos_token_id\": 257}")
    #expect(several.endTokens == [258, 2] && several.beginningToken == 257 && several.tokenizer?.endOfText == 258)
    #expect(several.notes == ["eos_token_id of generation_config.json is no token of the model and is left out"])
    let own = try stored(with(config, [("eos_token_id", 258)]), generation: "{}")
    #expect(own.endTokens == [258] && own.beginningToken == 1 && own.tokenizer?.endOfText == 258)
    let named = try stored(with(config, [("eos_token_id", [2, 258])]), tokenizer: "{\"eos_token\": \"<|endoftext|>\"}")
    #expect(named.endTokens == [2, 258] && named.tokenizer?.endOfText == 256)
    let none = try stored(with(config, [("eos_token_id", .null), ("bos_token_id", .null)]))
    #expect(none.endTokens == nil && none.beginningToken == nil && none.tokenizer?.endOfText == 256)
    #expect(none.notes.isEmpty)
    // Left out, transformers' default of a Llama is 2, which is not what the tokenizer says.
    var left = config
    left["eos_token_id"] = nil
    let silent = try stored(left)
    #expect(silent.endTokens == nil && silent.notes.count == 1 && silent.notes[0].contains("transformers takes 2"))
    #expect(try stored(left, tokenizer: "{\"bos_token\": \"<s>\"}").endTokens == [2])
  }

  /// What a folder names comes along into a checkpoint, and out of it again.
  @Test func namedTokensStay() throws {
    let config = with(Self.llama, [("vocab_size", 259), ("bos_token_id", 257)])
    try folder(config, arrays(config, vocabulary: 259))
    let tokenizer = try Tokenizer.bytes.adding(special: ["<s>", "<|im_end|>"])
    try scratch.write(tokenizer.json(), to: "tokenizer.json")
    let named = "{\"eos_token\": \"<|im_end|>\", \"pad_token\": {\"content\": \"<|endoftext|>\"}}"
    try scratch.write(named, to: "tokenizer_config.json")
    let stored = try StoredModel(at: scratch.path)
    #expect(stored.tokenizer?.endOfText == 258 && stored.tokenizer?.beginningOfText == nil)
    try Import.write(stored, to: scratch("in"), overwrite: false)
    for path in ["in", "in/model.h5"] {
      #expect(try Tokenizer(at: scratch(path)).namedTokens == stored.tokenizer?.namedTokens, "\(path)")
    }
    let back = try StoredModel(at: scratch("in"))
    #expect(back.tokenizer?.endOfText == 258 && back.beginningToken == 257)
    _ = try Export(to: .huggingFace).write(back, to: scratch("out"))
    let again = try StoredModel(at: scratch("out"))
    #expect(again.tokenizer?.namedTokens == stored.tokenizer?.namedTokens && again.beginningToken == 257)
    let generation = try JSONValue.parse(
      ReadableFile.contents(of: scratch("out/generation_config.json"), area: .data), source: "", area: .data)
    #expect(generation["pad_token_id"] == 256 && generation["bos_token_id"] == 257 && generation["eos_token_id"] == 2)
  }

  /// Gemma 3's text models come with a tokenizer that has a token for images, which the models have no row for.
  @Test func aTokenWithoutARowIsLeftOutWhereNothingNamesIt() throws {
    let config = with(Self.llama, [("vocab_size", 258), ("eos_token_id", .null), ("bos_token_id", .null)])
    try folder(config, arrays(config, vocabulary: 258))
    let tokenizer = try Tokenizer.bytes.adding(special: ["<s>", "<image>"])
    try scratch.write(tokenizer.json(), to: "tokenizer.json")
    try scratch.write(
      "{\"image_token\": \"<image>\", \"extra_special_tokens\": {\"image_token\": \"<image>\"}}",
      to: "tokenizer_config.json")
    let stored = try StoredModel(at: scratch.path)
    #expect(stored.notes.contains("tokens that the model has no row for are left out: \"<image>\""), "\(stored.notes)")
    #expect(stored.tokenizer?.vocabularySize == 258 && stored.tokenizer?.namedTokens.texts.contains("<image>") == false)
    try Import.write(stored, to: scratch("in"), overwrite: false)
    #expect(try StoredModel(at: scratch("in")).tokenizer?.vocabularySize == 258)
    // A token that the template writes, or that ends a text, cannot be done without.
    try scratch.write("{\"eos_token\": \"<image>\"}", to: "tokenizer_config.json")
    #expect(refusal { _ = try StoredModel(at: scratch.path) }?.what == "the tokenizer has more tokens than the model")
    try scratch.write("{\"chat_template\": \"{{ '<image>' }}\"}", to: "tokenizer_config.json")
    #expect(refusal { _ = try StoredModel(at: scratch.path) }?.what == "the tokenizer has more tokens than the model")
  }
}
