import Files

/// What a run trains on, sample by sample: windows of a text, packed conversations, or pairs.
public protocol SampleLoader: Sendable {
  /// The order in which samples are read.
  var order: SampleOrder { get }
  /// The tokens of all samples.
  var tokenCount: Int { get }
  /// What the data is, in a few words: its tokens, and what else it counts.
  var summary: String { get }
  /// What identifies the data: a digest over all of it.
  var fingerprint: String { get }
  /// The tokens that a sample takes in a batch.
  func length(ofSample sample: Int) -> Int
  /// The tokens of a sample's examples: what `tokenCount` is the sum of.
  func tokenCount(ofSample sample: Int) -> Int
  /// The batch of the given samples.
  func batch(samples: [Int]) throws(Failure) -> Batch
  /// The batch of a part of `samples`, which are all those of a step or an evaluation: what the losses of one depend on in the
  /// others is in it.
  func batch(_ range: Range<Int>, of samples: [Int]) throws(Failure) -> Batch
  /// The number of examples, of which a sample may hold several.
  var exampleCount: Int { get }
  /// An example to look at, in its parts.
  func example(_ index: Int) throws(Failure) -> [TrainedTokens]
}

/// How many samples are computed at once.
public enum MicroBatchSize: Sendable, Equatable {
  /// So many samples.
  case samples(Int)
  /// As many as split the batch evenly into the fewest parts of about so many tokens.
  case tokens(Int)
}

extension SampleLoader {
  /// The number of different samples; an epoch has each of them once, unless sources are weighted.
  public var sampleCount: Int { order.sampleCount }

  /// The samples of an epoch and their tokens, for means: of weighted sources some are read more often than others. Of a long epoch
  /// of such sources it is the beginning, which has the same shares.
  package var epochTokens: (samples: Int, tokens: Int) {
    if order.isOnePass { return (sampleCount, tokenCount) }
    let samples = order.samples(0..<min(order.count, 1 << 16))
    return (samples.count, samples.reduce(0) { $0 + tokenCount(ofSample: $1) })
  }

  /// The micro-batches of the samples with these numbers, in their order.
  public func microBatches(_ numbers: Range<Int>, size: MicroBatchSize) throws(Failure) -> [Batch] {
    try microBatches(samples: order.samples(numbers), size: size)
  }

  /// The micro-batches of the given samples, in their order.
  public func microBatches(samples: [Int], size: MicroBatchSize) throws(Failure) -> [Batch] {
    try microBatches(samples.indices, of: samples, size: size)
  }

  /// The micro-batches of a part of `samples`, in their order.
  public func microBatches(
    _ range: Range<Int>, of samples: [Int], size: MicroBatchSize
  ) throws(Failure) -> [Batch] {
    var batches: [Batch] = []
    for part in parts(of: samples[range], size: size) {
      batches.append(try batch(part.startIndex..<part.endIndex, of: samples))
    }
    return batches
  }

  public func batch(_ range: Range<Int>, of samples: [Int]) throws(Failure) -> Batch {
    try batch(samples: Array(samples[range]))
  }

  /// The parts of `samples` that become micro-batches.
  package func parts(of samples: ArraySlice<Int>, size: MicroBatchSize) -> [ArraySlice<Int>] {
    switch size {
    case .samples(let count):
      precondition(count > 0, "\(count) samples at once")
      return stride(from: samples.startIndex, to: samples.endIndex, by: count).map {
        samples[$0..<$0 + min(count, samples.endIndex - $0)]
      }
    case .tokens(let limit):
      precondition(limit > 0, "\(limit) tokens at once")
      let lengths = samples.map(length)
      let total = lengths.reduce(0, +)
      let count = min(samples.count, max(1, (total + limit - 1) / limit))
      var parts: [ArraySlice<Int>] = []
      var (start, seen) = (samples.startIndex, 0)
      for (index, length) in zip(samples.indices, lengths) {
        if index > start, seen * count / max(1, total) > parts.count {
          parts.append(samples[start..<index])
          start = index
        }
        seen += length
      }
      return parts + (start < samples.endIndex ? [samples[start...]] : [])
    }
  }
}
