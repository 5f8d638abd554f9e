import Corpus
import Files
import Support
import Testing
import Tokenizers

/// Windows over a stream with document boundaries. `ab`, `cdefg`, `h`, `ijk` and an end of text (256) after each:
///
///     place    0 1 2 | 3 4 5 6 7 8 | 9 10 | 11 12 13 14
///     token    a b . | c d e f g . | h .  | i  j  k  .
@Suite struct PackingTests {
  private let folder: ScratchFolder
  private let a = Int32(UInt8(ascii: "a"))
  private let end: Int32 = 256

  init() throws { folder = try ScratchFolder() }

  private func loader(
    _ sequenceLength: Int, packing: Bool = true, documentMask: Bool = true
  ) throws -> WindowLoader {
    let rows = ["ab", "cdefg", "h", "ijk"].map { "{\"text\": \"\($0)\"}\n" }.joined()
    let path = try folder.write(rows, to: "rows.jsonl")
    let data = try PretrainingData.open(
      .init(train: [path]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"))
    return try WindowLoader(
      data.train, sequenceLength: sequenceLength, seed: 1, shuffle: false, packing: packing, documentMask: documentMask)
  }

  @Test func documentsShareRowsAndRestart() throws {
    let batch = try loader(7).batch(samples: [0, 1])
    let (b, c, d, e, f, g, h, i, j, k) = (a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7, a + 8, a + 9, a + 10)
    #expect(batch.tokens == [a, b, end, c, d, e, f] + [g, end, h, end, i, j, k])
    #expect(batch.targets == [b, end, -1, d, e, f, g] + [end, -1, end, -1, j, k, end])
    #expect(batch.layout.positions == [0, 1, 2, 0, 1, 2, 3] + [0, 1, 0, 1, 0, 1, 2])
    #expect(batch.layout.visible.firsts == [0, 0, 0, 3, 3, 3, 3] + [0, 0, 2, 2, 4, 4, 4])
    #expect(batch.weight == 11)
  }

  @Test func aDocumentMayEndWithTheWindow() throws {
    let batch = try loader(3).batch(samples: [0, 2])
    #expect(batch.targets == [a + 1, end, -1] + [a + 6, end, -1])
    #expect(batch.layout.positions == [0, 1, 2] + [0, 1, 2])
    #expect(batch.layout.visible.firsts == [0, 0, 0] + [0, 0, 0])
  }

  @Test func withoutTheMaskTheStreamIsPlain() throws {
    let batch = try loader(7, documentMask: false).batch(samples: [1])
    #expect(batch.tokens == [a + 6, end, a + 7, end, a + 8, a + 9, a + 10])
    #expect(batch.targets == [end, a + 7, end, a + 8, a + 9, a + 10, end])
    #expect(batch.layout.positions == Array(0..<7))
    #expect(batch.layout.visible.firsts == [Int32](repeating: 0, count: 7))
  }

  /// Without packing: a document a row, in as many rows as it needs, the rest filled up.
  @Test(arguments: [true, false])
  func documentsHaveRowsOfTheirOwn(documentMask: Bool) throws {
    let loader = try loader(4, packing: false, documentMask: documentMask)
    #expect(loader.sampleCount == 5)
    let batch = try loader.batch(startingAt: 0, rows: 5)
    let (b, c, d, e, f, g, h, i, j, k) = (a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7, a + 8, a + 9, a + 10)
    #expect(batch.tokens == [a, b, 0, 0] + [c, d, e, f] + [g, 0, 0, 0] + [h, 0, 0, 0] + [i, j, k, 0])
    #expect(
      batch.targets == [b, end, -1, -1] + [d, e, f, g] + [end, -1, -1, -1] + [end, -1, -1, -1] + [j, k, end, -1])
    #expect(batch.layout.positions == [0, 1, 0, 0] + [0, 1, 2, 3] + [0, 0, 0, 0] + [0, 0, 0, 0] + [0, 1, 2, 0])
    #expect(
      batch.layout.visible.firsts == [0, 0, 2, 3] + [0, 0, 0, 0] + [0, 1, 2, 3] + [0, 1, 2, 3] + [0, 0, 0, 3])
  }

  /// Every token but the first of a document is a target once, whatever the window length.
  @Test(arguments: 1...14)
  func everyTargetIsTrainedOnce(sequenceLength: Int) throws {
    let loader = try loader(sequenceLength)
    let read = loader.sampleCount * sequenceLength
    let batch = try loader.batch(startingAt: 0, rows: loader.sampleCount)
    let stream = try loader.stream.tokens(0..<15)
    let starts: Set = [0, 3, 9, 11]
    let expected = (1...read).map { starts.contains($0) ? -1 : stream[$0] }
    #expect(batch.targets == expected)
    #expect(batch.layout.positions.allSatisfy { $0 < Int32(sequenceLength) })
  }

  @Test func documentsAreSplitWholeIntoTrainingAndValidation() throws {
    let stream = try loader(3).stream
    let (train, validation) = try stream.split(fraction: 0.3)
    // The wanted cut is 10 of 15; documents end at 3, 9, 11 and 15, and 9 and 11 are equally near.
    #expect(train.count == 9 && validation.count == 6)
    #expect(train.documentCount == 2 && validation.documentCount == 2)
    #expect(try validation.tokens(0..<6) == stream.tokens(9..<15))
    let batch = try WindowLoader(validation, sequenceLength: 5, seed: 1, shuffle: false).batch(startingAt: 0, rows: 1)
    #expect(batch.layout.visible.firsts == [0, 0, 2, 2, 2])
    #expect(batch.targets == [end, -1, a + 9, a + 10, end])
    #expect(train.fingerprint != validation.fingerprint)
  }
}
