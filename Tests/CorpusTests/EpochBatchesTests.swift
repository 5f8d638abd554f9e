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

  /// 10 samples of 8 tokens in batches of 4: steps read 32, 32 and 16 tokens.
  @Test func stepsOfTokens() {
    let batches = EpochBatches(of: 4, outOf: 10)
    let steps = [1, 32, 33, 64, 65, 80, 81, 112, 160].map { batches.steps(ofTokens: $0, tokenCount: 80) }
    #expect(steps == [1, 1, 2, 2, 3, 3, 4, 4, 6])
  }
}
