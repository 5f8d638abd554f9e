import Checkpoints
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// llama.cpp's texts and ids for the vocabularies of GPT-2, Llama 3 and Qwen2.
@Suite(
  .needsSharedData("tokenizers/llamacpp-vocabs"))
struct ReferenceVectorTests {
  private static func path(_ name: String) throws -> String {
    try #require(SharedData.url("tokenizers/llamacpp-vocabs/ggml-vocab-\(name).gguf")).path
  }

  static func tokenizer(_ name: String) throws -> Tokenizer {
    let file = try GGUFFile(path(name), area: .tokenizer)
    let pre = try #require(file["tokenizer.ggml.pre"]?.string)
    let types = try #require(file["tokenizer.ggml.token_type"]?.integers)
    return try Tokenizer(
      tokens: #require(file["tokenizer.ggml.tokens"]?.strings),
      merges: #require(file["tokenizer.ggml.merges"]?.strings), tokenTypes: types.map { Int32($0) },
      preTokenizer: #require(PreTokenizer(ggufName: pre)), takesWholePieces: name == "llama-bpe",
      endOfText: file["tokenizer.ggml.eos_token_id"]?.integer.map { Int32($0) },
      beginningOfText: file["tokenizer.ggml.bos_token_id"]?.integer.map { Int32($0) }, source: name)
  }

  /// The texts, and for each its ids.
  static func vectors(_ name: String) throws -> [(text: String, ids: [Int32])] {
    let texts = try String(contentsOfFile: path(name) + ".inp", encoding: .utf8)
      .components(separatedBy: "\n__ggml_vocab_test__\n")
    let lines = try String(contentsOfFile: path(name) + ".out", encoding: .utf8).components(separatedBy: "\n")
    return zip(texts.dropLast(), lines).map { text, line in (text, line.split(separator: " ").map { Int32($0)! }) }
  }

  @Test(arguments: [("gpt-2", 50257, 50256), ("llama-bpe", 128_256, 128_001), ("qwen2", 151_936, 151_643)])
  func idsAreThoseOfLlamaCPP(name: String, size: Int, end: Int32) throws {
    let tokenizer = try Self.tokenizer(name)
    #expect(tokenizer.vocabularySize == size)
    #expect(tokenizer.endOfText == end)
    let vectors = try Self.vectors(name)
    #expect(vectors.count == 46)
    for (text, ids) in vectors {
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      #expect(tokenizer.decode(ids) == Array(text.utf8))
    }
  }

  @Test(arguments: ["gpt-2", "llama-bpe", "qwen2"])
  func tokenizerJSONKeepsTheIDs(name: String) throws {
    let json = try Self.tokenizer(name).json()
    let copy = try Tokenizer(json: Array(json.utf8), source: name)
    for (text, ids) in try Self.vectors(name) { #expect(copy.encode(text) == ids) }
    #expect(copy.json() == json)
  }

  @Test(.needsSharedData("tokenizers/tok-gpt2"))
  func theFilesOfGPT2AreTheSameTokenizer() throws {
    let folder = try #require(SharedData.url("tokenizers/tok-gpt2"))
    let tokenizer = try Tokenizer(
      gpt2Encoder: ReadableFile.contents(of: folder.appendingPathComponent("encoder.json").path, area: .tokenizer),
      merges: ReadableFile.contents(of: folder.appendingPathComponent("vocab.bpe").path, area: .tokenizer))
    #expect(tokenizer.endOfText == 50256)
    #expect(tokenizer.json() == (try Self.tokenizer("gpt-2")).json())
  }
}
