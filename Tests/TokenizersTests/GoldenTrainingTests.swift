import Files
import Foundation
import Support
import Testing
import Tokenizers

/// The golden run of Stanford's CS336: a vocabulary of 500 with one special token, from `corpus.en`.
@Suite struct GoldenTrainingTests {
  static let folder = "tokenizers/tok-bpe-train-golden"

  @Test(.needsSharedData(folder))
  func mergesAndVocabularyAreThoseOfTheReference() throws {
    let folder = try #require(SharedData.url(Self.folder))
    let corpus = try ReadableFile.contents(of: folder.appendingPathComponent("corpus.en").path, area: .data)
    let tokenizer = try Tokenizer.train(on: [corpus], vocabularySize: 500)
    #expect(tokenizer.vocabularySize == 500)
    #expect(tokenizer.endOfText == 0)

    let merges = try String(
      contentsOf: folder.appendingPathComponent("train-bpe-reference-merges.txt"), encoding: .utf8)
    #expect(tokenizer.mergeTexts == merges.split(separator: "\n").map(String.init))

    let path = folder.appendingPathComponent("train-bpe-reference-vocab.json").path
    let json = try JSONValue.parse(ReadableFile.contents(of: path, area: .data), source: path, area: .data)
    let vocabulary = try #require(json.object)
    #expect(vocabulary.count == 500)
    let texts = tokenizer.texts
    for entry in vocabulary {
      let id = try #require(entry.value.integer)
      #expect(texts[id] == entry.key)
    }
  }
}
