import Corpus
import Testing

struct EpochBatchesTests {
  /// Every number of samples up to 12, every batch up to 15: three epochs read each sample three times, an epoch at a time.
  @Test func anEpochIsOnePass() {
    for count in 1...12 {
      for size in 1...15 {
        let batches = EpochBatches(of: size, outOf: count)
        var read: [Int] = []
        for step in 0..<3 * batches.count {
          let consumed = batches.consumed(after: step)
          #expect(consumed == read.count)
          let batch = batches.batch(after: consumed)
          read += batch
          #expect(batch.count == size || read.count.isMultiple(of: count))
          #expect((batch.lowerBound / count) == (batch.upperBound - 1) / count)
        }
        #expect(read == Array(0..<3 * count))
        #expect(batches.consumed(after: 3 * batches.count) == 3 * count)
      }
    }
  }

  /// Where a run stands after some steps does not depend on where it was resumed, also with another size of batch.
  @Test func anyStepIsAPlaceToGoOnFrom() {
    let (whole, other) = (EpochBatches(of: 4, outOf: 10), EpochBatches(of: 3, outOf: 10))
    for first in 0..<12 {
      let consumed = whole.consumed(after: first)
      for second in 0..<12 {
        #expect(whole.consumed(after: second, from: consumed) == whole.consumed(after: first + second))
      }
      #expect(other.batch(after: consumed).upperBound == other.consumed(after: 1, from: consumed))
      #expect(other.batch(after: consumed).count <= 3)
    }
  }

  /// What batches of one size have read, batches of another go on from: as many steps as it takes one by one.
  @Test func stepsThatAreLeft() {
    for (size, count) in [(3, 10), (4, 4), (7, 5), (1, 3)] {
      let batches = EpochBatches(of: size, outOf: count)
      for consumed in 0...2 * count {
        for target in 0...3 * count {
          var (place, steps) = (consumed, 0)
          while place < target {
            place = batches.batch(after: place).upperBound
            steps += 1
          }
          #expect(batches.steps(from: consumed, to: target) == steps, "\(consumed) to \(target) of \(batches)")
        }
      }
    }
  }

  @Test func stepsOfEpochs() {
    let batches = EpochBatches(of: 4, outOf: 10)
    #expect([1, 2, 0.5, 1.5, 0.01, 1.0 / 3].map(batches.steps) == [3, 6, 2, 5, 1, 1])
    #expect(EpochBatches(of: 32, outOf: 5).steps(ofEpochs: 1) == 1)
    // 1.1 x 10 is a little more than 11.
    #expect(EpochBatches(of: 1, outOf: 10).steps(ofEpochs: 1.1) == 11)
    #expect(batches.steps(ofEpochs: 1e300) == nil)
    #expect(EpochBatches(of: 1, outOf: 3).steps(ofEpochs: 2e18) == Int(6e18))
    #expect(EpochBatches(of: 1, outOf: 30).steps(ofEpochs: 2e18) == nil)
  }

  /// Rows of very different lengths, in order and shuffled: the tokens that the batches of the first steps say they have.
  @Test(arguments: [true, false]) func stepsOfTokens(shuffle: Bool) throws {
    var examples = TokenizedExamples()
    for length in [3, 90, 2, 2, 40, 7, 2, 3, 200, 5] {
      examples.append(tokens: (0..<Int32(length)).map { $0 }, isTrained: (0..<length).map { $0 > 0 })
    }
    let loader = ExampleLoader(
      examples, digest: "", sequenceLength: 256, seed: 3, shuffle: shuffle, packing: false)
    let batches = EpochBatches(of: 4, outOf: loader.sampleCount)
    var (consumed, read) = (0, 0)
    for steps in 1...11 {
      let before = read
      let numbers = batches.batch(after: consumed)
      read += loader.batch(samples: loader.order.samples(numbers)).tokenCount
      consumed = numbers.upperBound
      for tokens in [before + 1, read] { #expect(batches.steps(ofTokens: tokens, of: loader) == steps) }
    }
  }
}
