import Corpus
import Files
import Support
import Testing

@Suite struct WindowLoaderTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// The corpus 0, 1, 2, ...: every token says where it comes from.
  private func counting(_ count: Int, shards: Int = 1) throws -> TokenStream {
    var paths: [String] = []
    for shard in 0..<shards {
      let tokens = Array(count * shard / shards..<count * (shard + 1) / shards)
      paths.append(try folder.write(version7(tokens), to: "counting-\(count)-\(shard)-\(shards).bin"))
    }
    return try PretrainingData.open(.init(train: paths), tokenizer: nil, vocabularySize: count, cache: folder("cache"))
      .train
  }

  @Test func aWindowPredictsTheNextTokens() throws {
    let loader = try WindowLoader(counting(100), sequenceLength: 8, seed: 1, shuffle: false)
    #expect(loader.sampleCount == 12)
    let batch = try loader.batch(startingAt: 3, rows: 2)
    #expect(batch.tokens == Array(24..<40))
    #expect(batch.targets == Array(25..<41))
    #expect(batch.layout.positions == Array(0..<8) + Array(0..<8))
    #expect(batch.layout.visible.firsts == [Int32](repeating: 0, count: 16))
    #expect((batch.rows, batch.columns, batch.weight) == (2, 8, 16))
  }

  /// N tokens give (N - 1) / T windows: the last target has to exist.
  @Test(arguments: [(9, 1), (16, 1), (17, 2), (24, 2), (25, 3)])
  func theNumberOfWindows(tokens: Int, windows: Int) throws {
    #expect(try WindowLoader(counting(tokens), sequenceLength: 8, seed: 1).sampleCount == windows)
  }

  @Test func windowsReachAcrossShards() throws {
    let one = try WindowLoader(counting(1000), sequenceLength: 7, seed: 5)
    let several = try WindowLoader(counting(1000, shards: 9), sequenceLength: 7, seed: 5)
    #expect(try one.batch(startingAt: 0, rows: 142) == several.batch(startingAt: 0, rows: 142))
  }

  @Test func anEpochReadsEveryWindowOnce() throws {
    let loader = try WindowLoader(counting(1000), sequenceLength: 8, seed: 42)
    for epoch in 0..<3 {
      let windows = loader.order.samples(epoch * loader.sampleCount..<(epoch + 1) * loader.sampleCount)
      #expect(Set(windows) == Set(0..<loader.sampleCount))
      #expect(windows != windows.sorted())
    }
    let batch = try loader.batch(startingAt: 0, rows: loader.sampleCount)
    #expect(batch.tokens.sorted() == Array(0..<992))
  }

  @Test func anyPositionResumes() throws {
    let loader = try WindowLoader(counting(200), sequenceLength: 8, seed: 9)
    let samples = 3 * loader.sampleCount
    let whole = try loader.batch(startingAt: 0, rows: samples)
    for start in 0..<samples {
      let again = try WindowLoader(counting(200), sequenceLength: 8, seed: 9)
      let rest = try again.batch(startingAt: start, rows: samples - start)
      #expect(rest == whole.slice(rows: start..<samples))
    }
  }

  @Test func unshuffledEpochsRepeatTheSameOrder() throws {
    let loader = try WindowLoader(counting(100), sequenceLength: 8, seed: 1, shuffle: false)
    #expect(loader.order.samples(0..<30) == (0..<30).map { $0 % 12 })
  }

  @Test func evaluationWindowsAreSpreadAndFixed() throws {
    let loader = try WindowLoader(counting(1000), sequenceLength: 8, seed: 1)
    #expect(loader.sampleCount == 124)
    #expect(loader.order.spread(4) == [0, 31, 62, 93])
    #expect(loader.order.spread(1000) == Array(0..<124))
    #expect(loader.order.spread(0).isEmpty)
    #expect(try loader.batch(samples: [93]).tokens == Array(744..<752))
  }

  @Test func aTextShorterThanAWindowIsRefusedUnlessItIsOnlyMeasured() throws {
    let stream = try counting(8)
    let error = #expect(throws: Failure.self) { try WindowLoader(stream, sequenceLength: 8, seed: 1) }
    #expect(error?.area == .data && error?.place == stream.shards[0].path && error?.what == "the text is too short")
    #expect(
      error?.notes.first == "8 tokens are to be trained, and 9 are needed: data.sequence_length (8) and one to predict")
    let measured = try WindowLoader(stream, sequenceLength: 8, seed: 1, keepsTail: true)
    #expect(try measured.batch(samples: [0]).targets == Array(1..<8))
    let single = try counting(1)
    let nothing = #expect(throws: Failure.self) {
      try WindowLoader(single, sequenceLength: 8, seed: 1, keepsTail: true)
    }
    #expect(nothing?.notes.first == "1 token is to be measured, and 2 are needed")
  }

  @Test func microBatchesAreRowsOfTheBatch() throws {
    let batch = try WindowLoader(counting(100), sequenceLength: 8, seed: 1).batch(startingAt: 0, rows: 6)
    let parts = [batch.slice(rows: 0..<2), batch.slice(rows: 2..<5), batch.slice(rows: 5..<6)]
    #expect(parts.flatMap(\.tokens) == batch.tokens)
    #expect(parts.flatMap(\.targets) == batch.targets)
    #expect(parts.map(\.weight) == [16, 24, 8])
  }

  /// 5 windows of 8 tokens by parts of about 16 tokens: 40 tokens make 3 parts, as even as windows allow.
  @Test func microBatchesShareTheTokensEvenly() throws {
    let loader = try WindowLoader(counting(100), sequenceLength: 8, seed: 1)
    let whole = try loader.batch(startingAt: 2, rows: 5)
    func rows(_ size: MicroBatchSize) throws -> [Int] {
      let parts = try loader.microBatches(2..<7, size: size)
      #expect(parts.flatMap(\.tokens) == whole.tokens)
      return parts.map(\.rows)
    }
    #expect(try rows(.tokens(16)) == [2, 2, 1])
    #expect(try rows(.tokens(1)) == [1, 1, 1, 1, 1])
    #expect(try rows(.tokens(39)) == [3, 2])
    #expect(try rows(.tokens(40)) == [5])
    #expect(try rows(.samples(3)) == [3, 2])
  }

  @Test func prefetchedBatchesAreTheDirectOnes() throws {
    let loader = try WindowLoader(counting(500), sequenceLength: 8, seed: 4)
    let prefetcher = Prefetcher(from: 3) { (step) throws(Failure) in try loader.batch(startingAt: step * 5, rows: 5) }
    for step in 3..<40 { #expect(try prefetcher.next() == loader.batch(startingAt: step * 5, rows: 5)) }
    prefetcher.stop()
  }
}

extension SampleLoader {
  /// The batch of the samples numbered from `number` on.
  func batch(startingAt number: Int, rows: Int) throws(Failure) -> Batch {
    try batch(samples: order.samples(number..<number + rows))
  }
}
