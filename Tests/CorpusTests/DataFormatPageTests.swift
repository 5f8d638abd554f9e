import Corpus
import Files
import Support
import Testing
import Tokenizers

/// Every row that recipes/README.md shows can be used.
@Suite struct DataFormatPageTests {
  private let folder: ScratchFolder
  private let rows: [String]

  init() throws {
    folder = try ScratchFolder()
    rows = try Page("recipes/README.md").code("jsonl")
    try #require(rows.count == 4)
  }

  private func count(_ index: Int) -> Int { rows[index].split(separator: "\n").count }
  private func path(_ index: Int) throws -> String { try folder.write(rows[index], to: "\(index).jsonl") }

  @Test func pretraining() throws {
    let data = try PretrainingData.open(
      .init(train: [path(0)]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"))
    // The byte tokenizer: a token each byte of the text, and the end of the document.
    #expect(data.train.count == "Once upon a time there was a fox.".utf8.count + 1)
  }

  @Test func instructions() throws {
    let data = try InstructionData.open(
      [path(1)], settings: TuningSettings(maximumLength: 1000), format: .bytes(.chatML))
    #expect(data.summary.used == count(1) && count(1) == 9)
  }

  @Test func preferences() throws {
    let data = try PreferenceData.open(
      [path(2)], settings: TuningSettings(maximumLength: 1000), format: .bytes(.plain))
    #expect(data.summary.used == count(2) && count(2) == 6)
  }

  @Test func unpairedPreferences() throws {
    let data = try UnpairedPreferenceData.open(
      [path(3)], settings: TuningSettings(maximumLength: 1000), format: .bytes(.plain))
    #expect(data.summary.used == count(3) && count(3) == 3)
  }
}
