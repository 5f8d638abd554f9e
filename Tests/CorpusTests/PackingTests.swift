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
    _ sequenceLength: Int, packing: Bool = true, documentMask: Bool = true, keepsTail: Bool = false
  ) throws -> WindowLoader {
    let rows = ["ab", "cdefg", "h", "ijk"].map { "{\"text\": \"\($0)\"}\n" }.joined()
    let path = try folder.write(rows, to: "rows.jsonl")
    let data = try PretrainingData.open(
      .init(train: [path]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"))
    return try WindowLoader(
      data.train, sequenceLength: sequenceLength, seed: 1, shuffle: false, packing: packing, documentMask: documentMask,
      keepsTail: keepsTail)
  }

  @Test func documentsShareRowsAndRestart() throws {
    let batch = try loader(7).batch(samples: [0, 1])
    let (b, c, d, e, f, g, h, i, j, k) = (a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7, a + 8, a + 9, a + 10)
    #expect(batch.tokens == [a, b, end, c, d, e, f] + [g, end, h, end, i, j, k])
    #expect(batch.targets == [b, end, c, d, e, f, g] + [end, h, end, i, j, k, end])
    #expect(batch.layout.positions == [0, 1, 0, 1, 2, 3, 4] + [0, 0, 1, 0, 1, 2, 3])
    #expect(batch.layout.visible.firsts == [0, 0, 2, 2, 2, 2, 2] + [0, 1, 1, 3, 3, 3, 3])
    #expect(batch.weight == 14)
  }

  @Test func aDocumentMayEndWithTheWindow() throws {
    let batch = try loader(3).batch(samples: [0, 2])
    #expect(batch.targets == [a + 1, end, a + 2] + [a + 6, end, a + 7])
    #expect(batch.layout.positions == [0, 1, 0] + [0, 1, 0])
    #expect(batch.layout.visible.firsts == [0, 0, 2] + [0, 0, 2])
  }

  @Test func withoutTheMaskTheStreamIsPlain() throws {
    let batch = try loader(7, documentMask: false).batch(samples: [1])
    #expect(batch.tokens == [a + 6, end, a + 7, end, a + 8, a + 9, a + 10])
    #expect(batch.targets == [end, a + 7, end, a + 8, a + 9, a + 10, end])
    #expect(batch.layout.positions == Array(0..<7))
    #expect(batch.layout.visible.firsts == [Int32](repeating: 0, count: 7))
  }

  /// Without packing: a document a row, in as many rows as it needs, the rest filled up. Every other one is read without the end of
  /// text before it, but where all that can be is measured.
  @Test(arguments: [true, false], [true, false])
  func documentsHaveRowsOfTheirOwn(documentMask: Bool, isMeasured: Bool) throws {
    let loader = try loader(4, packing: false, documentMask: documentMask, keepsTail: isMeasured)
    #expect(loader.sampleCount == 5)
    let batch = try loader.batch(startingAt: 0, rows: 5)
    let (b, c, d, e, f, g, h, i, j, k) = (a + 1, a + 2, a + 3, a + 4, a + 5, a + 6, a + 7, a + 8, a + 9, a + 10)
    if isMeasured {
      #expect(batch.tokens == [a, b, 0, 0] + [end, c, d, e] + [f, g, 0, 0] + [end, h, 0, 0] + [end, i, j, k])
      #expect(
        batch.targets == [b, end, -1, -1] + [c, d, e, f] + [g, end, -1, -1] + [h, end, -1, -1] + [i, j, k, end])
    } else {
      #expect(batch.tokens == [a, b, 0, 0] + [c, d, e, f] + [g, 0, 0, 0] + [end, h, 0, 0] + [i, j, k, 0])
      #expect(
        batch.targets == [b, end, -1, -1] + [d, e, f, g] + [end, -1, -1, -1] + [h, end, -1, -1] + [j, k, end, -1])
    }
    for row in 0..<5 {
      let used = batch.targets[row * 4..<row * 4 + 4].count { $0 >= 0 }
      let own = 0..<Int32(used)
      #expect(batch.layout.positions[row * 4..<row * 4 + 4].elementsEqual(own + [Int32](repeating: 0, count: 4 - used)))
      let padding = Int32(used)..<4
      #expect(
        batch.layout.visible.firsts[row * 4..<row * 4 + 4].elementsEqual([Int32](repeating: 0, count: used) + padding))
    }
    let count = isMeasured ? 14 : 12
    #expect(batch.tokenCount == count && loader.tokenCount == count)
  }

  /// A tail is as wide as it is: a short text is not filled up to the model's positions.
  @Test func theTailIsReadWhereItIsMeasured() throws {
    let whole = try loader(4)
    #expect(whole.sampleCount == 3 && whole.tokenCount == 12)
    let measured = try WindowLoader(whole.stream, sequenceLength: 4, seed: 1, shuffle: false, keepsTail: true)
    #expect(measured.sampleCount == 4 && measured.tokenCount == 14)
    let tail = try measured.batch(samples: [3])
    #expect(tail.tokens == [a + 9, a + 10] && tail.targets == [a + 10, end] && tail.tokenCount == 2)
    let wide = try WindowLoader(whole.stream, sequenceLength: 4096, seed: 1, shuffle: false, keepsTail: true)
    #expect(wide.sampleCount == 1)
    #expect(try wide.batch(samples: [0]).columns == 14)
  }

  /// Every token but the very first is a target once, whatever the window length.
  @Test(arguments: 1...20)
  func everyTargetIsMeasuredOnce(sequenceLength: Int) throws {
    let stream = try loader(1).stream
    let loader = try WindowLoader(stream, sequenceLength: sequenceLength, seed: 1, shuffle: false, keepsTail: true)
    let targets = try (0..<loader.sampleCount).flatMap { try loader.batch(samples: [$0]).targets }
    #expect(try targets == stream.tokens(1..<15))
    let batch = try loader.batch(samples: Array(0..<loader.sampleCount))
    #expect(batch.weight == 14 && batch.tokenCount == 14)
  }

  /// Every token that is predicted is a target once, whatever the window length.
  @Test(arguments: 1...14)
  func everyTargetIsTrainedOnce(sequenceLength: Int) throws {
    let loader = try loader(sequenceLength)
    let read = loader.sampleCount * sequenceLength
    let batch = try loader.batch(startingAt: 0, rows: loader.sampleCount)
    let stream = try loader.stream.tokens(0..<15)
    #expect(batch.targets == Array(stream[1...read]))
    #expect(batch.layout.positions.allSatisfy { $0 < Int32(sequenceLength) })
  }

  @Test func documentsAreSplitWholeIntoTrainingAndValidation() throws {
    let stream = try loader(3).stream
    let (train, validation) = try stream.split(fraction: 0.3, seed: nil)
    // The wanted cut is 10 of 15; documents end at 3, 9, 11 and 15, and 9 and 11 are equally near.
    #expect(train.count == 9 && validation.count == 6)
    #expect(train.documentCount == 2 && validation.documentCount == 2)
    #expect(try validation.tokens(0..<6) == stream.tokens(9..<15))
    let batch = try WindowLoader(validation, sequenceLength: 5, seed: 1, shuffle: false).batch(startingAt: 0, rows: 1)
    #expect(batch.layout.visible.firsts == [0, 1, 1, 1, 1])
    #expect(batch.targets == [end, a + 8, a + 9, a + 10, end])
    #expect(train.fingerprint != validation.fingerprint)
  }
}
