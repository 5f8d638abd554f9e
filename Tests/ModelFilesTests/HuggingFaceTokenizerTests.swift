import Files
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
}
