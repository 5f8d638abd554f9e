import Files
import Foundation
import Support
import Testing
import Tokenizers

@Suite struct NeoXTests {
  static let folder = "tokenizers/tok-neox-dolma"

  /// Ids made by Hugging Face's `tokenizers` 0.23.3 from the same file.
  @Test(.needsSharedData(folder))
  func idsAreThoseOfHuggingFace() throws {
    let path = try #require(SharedData.url(Self.folder))
      .appendingPathComponent("allenai_eleuther-ai-gpt-neox-20b-pii-special.json").path
    let tokenizer = try Tokenizer(json: ReadableFile.contents(of: path, area: .tokenizer), source: path)
    #expect(tokenizer.vocabularySize == 50280)
    #expect(tokenizer.endOfText == 0)
    #expect(tokenizer.normalization.steps == [.form(.nfc)])
    // The bytes that never occur in UTF-8.
    #expect(tokenizer.missingBytes == [192, 193, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255])
    let text = "Hello   world,\n\n    it's e\u{301}te\u{301} 2024! |||IP_ADDRESS||| <|endoftext|>ok"
    #expect(
      tokenizer.encode(text, special: .parse) == [
        12092, 50275, 10186, 13, 535, 50274, 262, 434, 23162, 1384, 1348, 2, 209, 50279, 209, 0, 536,
      ])
    #expect(
      tokenizer.encode(text) == [
        12092, 50275, 10186, 13, 535, 50274, 262, 434, 23162, 1384, 1348, 2, 209, 50279, 654, 93, 423, 1171, 1156,
        49651, 536,
      ])
    let copy = try Tokenizer(json: Array(tokenizer.json().utf8), source: "copy")
    #expect(copy.encode(text, special: .parse) == tokenizer.encode(text, special: .parse))
  }
}
