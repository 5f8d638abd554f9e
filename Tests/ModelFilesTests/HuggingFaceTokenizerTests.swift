import Files
import Foundation
import ModelFiles
import Support
import Testing
import Tokenizers

/// Tokenizers whose meaning is spread over the files of a folder.
@Suite struct HuggingFaceTokenizerTests {
  private let scratch = try! ScratchFolder()

  /// The tokenizer of a folder with a byte-level `tokenizer.json` and other files.
  private func tokenizer(special: [String] = ["<|endoftext|>", "</s>"], _ files: [String: JSONValue]) throws
    -> Tokenizer
  {
    let plain = try Tokenizer.train(on: [], vocabularySize: 256 + special.count, specialTokens: special)
    try scratch.write(plain.json(), to: "tokenizer.json")
    for (name, json) in files { try scratch.write(json.serialized(), to: name) }
    return try Tokenizer(at: scratch.path)
  }

  @Test func theConfigurationNamesTheBoundsOfAText() throws {
    let named = try tokenizer([
      "tokenizer_config.json": ["eos_token": ["content": "</s>"], "pad_token": "<|endoftext|>"]
    ])
    #expect(named.endOfText == 1 && named.beginningOfText == nil)
    #expect(named.namedTokens["pad_token"] == "<|endoftext|>")
  }

  @Test func aFolderThatNamesNoneKeepsTheUsualNames() throws {
    #expect(try tokenizer(["tokenizer_config.json": ["model_max_length": 5]]).endOfText == 0)
  }

  /// The map is what folders had before `added_tokens_decoder`.
  @Test func theMapCountsForMoreInOldFoldersOnly() throws {
    let map: JSONValue = ["eos_token": "</s>"]
    let old = try tokenizer(["tokenizer_config.json": ["eos_token": "<|endoftext|>"], "special_tokens_map.json": map])
    #expect(old.endOfText == 1)
    let new: JSONValue = ["eos_token": "<|endoftext|>", "added_tokens_decoder": [:]]
    #expect(try tokenizer(["tokenizer_config.json": new, "special_tokens_map.json": map]).endOfText == 0)
  }

  // MARK: Added tokens

  private func described(_ text: String, _ more: JSONValue = [:]) -> JSONValue {
    var token: JSONValue = [
      "content": JSONValue(text), "lstrip": false, "rstrip": false, "normalized": false, "single_word": false,
      "special": true,
    ]
    for member in more.object! { token[member.key] = member.value }
    return token
  }

  @Test func theConfigurationAddsTokensInTheOrderOfTheirIDs() throws {
    let decoder: JSONValue = [
      "259": described("<b>", ["special": false]), "258": described("<a>", ["rstrip": true]),
      "0": described("<|endoftext|>"),
    ]
    let config: JSONValue = [
      "eos_token": "<|endoftext|>", "added_tokens_decoder": decoder,
      "additional_special_tokens": ["<b>", described("<c>", ["lstrip": true])],
    ]
    let found = try tokenizer(["tokenizer_config.json": config])
    #expect(found.encode("<a> <b><c>", special: .parse) == [258, 259, 260])
    #expect(found.isSpecial(258) && found.isSpecial(259) && found.isSpecial(260) && found.endOfText == 0)
    #expect(found.namedTokens.additional == ["<b>", "<c>"])
    let copy = try Tokenizer(json: Array(found.json().utf8), source: "copy")
    #expect(copy.encode("<a> <b><c>", special: .parse) == [258, 259, 260])
  }

  /// The flags of the configuration replace those of tokenizer.json.
  @Test func theConfigurationChangesTokens() throws {
    let decoder: JSONValue = ["1": described("</s>", ["lstrip": true, "special": false])]
    let found = try tokenizer(["tokenizer_config.json": ["added_tokens_decoder": decoder]])
    #expect(found.encode(" </s>", special: .parse) == [1] && !found.isSpecial(1))
  }

  @Test func idsThatTokensCannotHaveAreRefused() throws {
    let faults: [(JSONValue, String)] = [
      (["260": described("<a>")], "the added token \"<a>\" cannot have id 260"),
      (["7": described("</s>")], "the added token \"</s>\" cannot have id 7"),
      (["x": described("<a>")], "added_tokens_decoder.x has no id for its name"),
      (["258": "<a>"], "is not an object"), (["258": described("")], "content is empty"),
    ]
    for (decoder, words) in faults {
      let refusal = try #require(
        refusal { _ = try tokenizer(["tokenizer_config.json": ["added_tokens_decoder": decoder]]) }, "\(words)")
      #expect(refusal.what.contains(words) && refusal.exitCode == 5, "\(refusal)")
    }
  }

  // MARK: Folders without tokenizer.json

  /// Writes the vocabulary of the bytes and two digits.
  private func writeVocabulary() throws {
    let bytes = try JSONValue.parse(Array(Tokenizer.bytes.json().utf8), source: "bytes", area: .tokenizer)
    var vocabulary = bytes["model"]!["vocab"]!
    vocabulary["77"] = 256
    try scratch.write(vocabulary.serialized(), to: "vocab.json")
    try scratch.write("#version: 0.2\n7 7\r\n", to: "merges.txt")
  }

  @Test func theClassSaysHowTextIsPrepared() throws {
    try writeVocabulary()
    try scratch.write("{\"<|endoftext|>\": 257, \"<|im_start|>\": 258, \"<x>\": 259}", to: "added_tokens.json")
    func tokenizer(_ config: JSONValue) throws -> Tokenizer {
      try scratch.write(config.serialized(), to: "tokenizer_config.json")
      return try Tokenizer(at: scratch.path)
    }
    let qwen = try tokenizer([
      "tokenizer_class": "Qwen2TokenizerFast", "additional_special_tokens": ["<|im_start|>"],
    ])
    #expect(qwen.encode("<|im_start|><x>", special: .parse) == [258, 259] && qwen.encode("77") == [0x37, 0x37])
    #expect(qwen.isSpecial(258) && !qwen.isSpecial(259) && qwen.endOfText == 257 && qwen.beginningOfText == nil)
    #expect(
      qwen.encode("e\u{301}") == Array("é".utf8).map(Int32.init) && qwen.namedTokens["pad_token"] == "<|endoftext|>")
    let gpt2 = try tokenizer(["tokenizer_class": "GPT2Tokenizer", "add_prefix_space": true, "add_bos_token": true])
    #expect(gpt2.encode("77") == [0x20, 256] && gpt2.encode(" 77") == [0x20, 256])
    #expect(gpt2.addsBeginningOfText && gpt2.beginningOfText == 257)
    let neox = try tokenizer(["tokenizer_class": "GPTNeoXTokenizer"])
    #expect(neox.encode("77e\u{301}") == [256] + Array("é".utf8).map(Int32.init) && !neox.addsBeginningOfText)
    for name in ["RobertaTokenizer", "BartTokenizerFast", "PreTrainedTokenizerFast"] {
      let refusal = try #require(refusal { _ = try tokenizer(["tokenizer_class": JSONValue(name)]) })
      #expect(refusal.what.contains(name.replacing("Fast", with: "")), "\(refusal)")
    }
    try Folder.remove(scratch("tokenizer_config.json"))
    try scratch.write("{\"model_type\": \"qwen2\"}", to: "config.json")
    let suggested = try Tokenizer(at: scratch.path)
    #expect(suggested.encode("77") == [0x37, 0x37] && suggested.namedTokens.isEmpty && suggested.endOfText == 257)
  }

  // MARK: What stands before a text

  @Test func theConfigurationSaysWhatStandsBeforeAText() throws {
    func tokenizer(_ more: JSONValue) throws -> Tokenizer {
      var config: JSONValue = ["bos_token": "</s>", "eos_token": "</s>", "tokenizer_class": "PreTrainedTokenizerFast"]
      for member in more.object! { config[member.key] = member.value }
      return try self.tokenizer(["tokenizer_config.json": config])
    }
    #expect(try !tokenizer([:]).addsBeginningOfText)
    #expect(try tokenizer(["add_bos_token": true]).addsBeginningOfText)
    #expect(try tokenizer(["tokenizer_class": "LlamaTokenizer"]).addsBeginningOfText)
    #expect(try !tokenizer(["tokenizer_class": "LlamaTokenizer", "add_bos_token": false]).addsBeginningOfText)
    // transformers 5 says that it wrote the folder, and reads what is put before text from tokenizer.json alone.
    #expect(try !tokenizer(["tokenizer_class": "LlamaTokenizer", "backend": "tokenizers"]).addsBeginningOfText)
    #expect(try tokenizer(["add_bos_token": .null, "add_eos_token": false]).addsBeginningOfText == false)
    #expect(try !tokenizer(["bos_token": .null, "add_bos_token": true]).addsBeginningOfText)
    #expect(try tokenizer(["add_prefix_space": true]).encode("a") == tokenizer([:]).encode(" a"))
    func spaced(_ kind: String, _ adds: Bool) throws -> Tokenizer {
      try tokenizer(["tokenizer_class": JSONValue(kind), "backend": "tokenizers", "add_prefix_space": JSONValue(adds)])
    }
    for (kind, prefix) in [("TokenizersBackend", ""), ("GPT2Tokenizer", " ")] {
      #expect(try spaced(kind, true).encode("a") == tokenizer([:]).encode("\(prefix)a"), "\(kind)")
    }
    // There "a,b" has the pieces " a" and " ,b".
    let pieces = try #require(refusal { _ = try spaced("Qwen2Tokenizer", true) })
    #expect(pieces.what == "add_prefix_space is not supported for a Qwen2Tokenizer")
    #expect(try spaced("Qwen2Tokenizer", false).encode("a") == tokenizer([:]).encode("a"))
    let refusal = try #require(refusal { _ = try tokenizer(["add_eos_token": true]) })
    #expect(refusal.what == "add_eos_token is not supported")
  }

  // MARK: SentencePiece's own file

  /// A message of protocol buffers with the fields of a piece.
  private func piece(_ text: String, _ score: Float, _ type: UInt8) -> [UInt8] {
    let bits = score.bitPattern
    let body =
      [0x0A, UInt8(text.utf8.count)] + Array(text.utf8) + [0x15]
      + (0..<4).map { UInt8(truncatingIfNeeded: bits >> ($0 * 8)) }
      + [0x18, type]
    return [0x0A, UInt8(body.count)] + body
  }

  private func sentencePiece(kind: UInt8 = 2) -> [UInt8] {
    var bytes = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3)
    for byte in 0..<256 {
      bytes += piece("<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16).uppercased() + ">", 0, 6)
    }
    for (index, text) in ["aa", "aaa", "\u{2581}a", "a", "b", "\u{2581}"].enumerated() {
      bytes += piece(text, Float(-index), 1)
    }
    return bytes + [0x12, 2, 0x18, kind]
  }

  @Test func sentencePiecesOwnFileIsReadAsLlamasIs() throws {
    try scratch.write(sentencePiece(), to: "tokenizer.model")
    func texts(_ config: JSONValue, _ text: String) throws -> [String] {
      try scratch.write(config.serialized(), to: "tokenizer_config.json")
      let tokenizer = try Tokenizer(at: scratch.path)
      let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
      #expect(copy.encode(text, special: .parse) == tokenizer.encode(text, special: .parse))
      #expect(tokenizer.addsBeginningOfText == (config["add_bos_token"]?.bool ?? true) && tokenizer.endOfText == 2)
      return tokenizer.encode(text, special: .parse).map { tokenizer.texts[Int($0)] }
    }
    let llama: JSONValue = ["tokenizer_class": "LlamaTokenizer"]
    #expect(try texts(llama, "b</s>b") == ["\u{2581}", "b", "</s>", "\u{2581}", "b"])
    #expect(try texts(llama, "baaaaa c") == ["\u{2581}", "b", "aa", "aaa", "\u{2581}", "<0x63>"])
    let modern: JSONValue = ["tokenizer_class": "LlamaTokenizer", "legacy": false, "add_bos_token": false]
    #expect(try texts(modern, "b</s>b") == ["\u{2581}", "b", "</s>", "b"])
    let bare: JSONValue = ["tokenizer_class": "LlamaTokenizerFast", "add_prefix_space": false]
    #expect(try texts(bare, "b b") == ["b", "\u{2581}", "b"])
    #expect(try Tokenizer(at: scratch("tokenizer.model")).encode("b") == [264, 263])
    try Folder.remove(scratch("tokenizer_config.json"))
    let alone = try Tokenizer(at: scratch.path)
    #expect(alone.addsBeginningOfText && alone.encode("b") == [264, 263] && alone.namedTokens.isEmpty)
    let other = try #require(refusal { _ = try texts(["tokenizer_class": "GemmaTokenizer"], "a") })
    #expect(other.what.contains("tokenizer.model of a GemmaTokenizer"))
  }

  @Test func damagedAndOtherSentencePieceFilesAreRefused() throws {
    func refused(_ bytes: [UInt8]) throws -> Failure? {
      try scratch.write(bytes, to: "tokenizer.model")
      return refusal { _ = try Tokenizer(at: scratch("tokenizer.model")) }
    }
    #expect(try refused(sentencePiece(kind: 1))?.what.contains("kind Unigram") == true)
    #expect(try refused([])?.exitCode == 5)
    let whole = sentencePiece()
    for count in stride(from: 1, to: whole.count, by: 7) { #expect(try refused(Array(whole[..<count])) != nil) }
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<300 {
      var bytes = whole
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      if let refusal = try refused(bytes) { #expect(refusal.area == .tokenizer) }
    }
  }

  @Test(.needsSharedData("tokenizers/tok-sentencepiece"), .needsSharedData("tokenizers/llamacpp-vocabs"))
  func llamasOwnFileGivesTheIDsOfLlamaCPP() throws {
    let path = try #require(SharedData.url("tokenizers/tok-sentencepiece/tokenizer.model")).path
    let tokenizer = try Tokenizer(at: path)
    #expect(tokenizer.vocabularySize == 32000 && tokenizer.beginningOfText == 1 && tokenizer.endOfText == 2)
    let folder = try #require(SharedData.url("tokenizers/llamacpp-vocabs")).path
    let inputs = try String(contentsOfFile: "\(folder)/ggml-vocab-llama-spm.gguf.inp", encoding: .utf8)
      .components(separatedBy: "\n__ggml_vocab_test__\n")
    let outputs = try String(contentsOfFile: "\(folder)/ggml-vocab-llama-spm.gguf.out", encoding: .utf8)
      .components(separatedBy: "\n")
    for (text, ids) in zip(inputs.dropLast(), outputs) {
      #expect(tokenizer.encode(text) == ids.split(separator: " ").map { Int32($0)! }, "\(text.debugDescription)")
    }
    for name in ["test_model.model", "torchtune_t5_sentencepiece.model"] {
      let other = try #require(SharedData.url("tokenizers/tok-sentencepiece/\(name)")).path
      #expect(refusal { _ = try Tokenizer(at: other) }?.what.contains("kind Unigram") == true, "\(name)")
    }
  }
}
