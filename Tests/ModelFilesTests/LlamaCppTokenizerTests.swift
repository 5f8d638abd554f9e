import Checkpoints
import Files
import Foundation
import ModelFiles
import Support
import Testing
import Tokenizers

/// llama.cpp's algorithms, on the texts and ids that llama.cpp's authors recorded.
@Suite struct LlamaCppTokenizerTests {
  @Test(.needsSharedData("tokenizers/llamacpp-vocabs"), arguments: ["gpt-2", "llama-bpe", "llama-spm", "qwen2"])
  func theIDsAreTheRecordedOnes(_ name: String) throws {
    let path = try #require(SharedData.url("tokenizers/llamacpp-vocabs/ggml-vocab-\(name).gguf")).path
    func read(_ suffix: String) throws -> String { try String(contentsOfFile: path + suffix, encoding: .utf8) }
    let texts = try read(".inp").components(separatedBy: "\n__ggml_vocab_test__\n")
    let lines = try read(".out").components(separatedBy: "\n")
    let tokenizer = try #require(try LlamaCppTokenizer(GGUFFile(path)))
    #expect(texts.count > 40)
    for (text, line) in zip(texts, lines) {
      let ids = line.split(separator: " ").compactMap { Int32($0) }
      #expect(tokenizer.encode(text, parsesSpecial: false) == ids, "\(text.debugDescription)")
    }
  }
}
