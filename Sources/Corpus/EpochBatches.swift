/// Which samples each step of a run reads: batches of one size, the last of an epoch as large as what is left of it.
///
/// Samples are numbered as in ``SampleOrder``, so that the number of samples consumed is all the state there is.
public struct EpochBatches: Sendable, Equatable {
  /// The samples of an epoch.
  public let sampleCount: Int
  /// The samples of a batch that no epoch's end cuts.
  public let size: Int

  /// Batches of `size` samples out of epochs of `sampleCount`.
  public init(of size: Int, outOf sampleCount: Int) {
    precondition(size > 0 && sampleCount > 0, "batches of \(size) out of \(sampleCount) samples")
    self.size = size
    self.sampleCount = sampleCount
  }

  /// The batches of an epoch.
  public var count: Int { Self.batches(sampleCount, of: size) }

  private static func batches(_ samples: Int, of size: Int) -> Int { (samples - 1) / size + 1 }

  /// The numbers of the samples of the batch that follows `consumed` samples.
  public func batch(after consumed: Int) -> Range<Int> {
    consumed..<consumed + min(size, sampleCount - consumed % sampleCount)
  }

  /// How many samples are consumed by `steps` batches after `consumed`.
  public func consumed(after steps: Int, from consumed: Int = 0) -> Int {
    let (epoch, place) = consumed.quotientAndRemainder(dividingBy: sampleCount)
    let left = Self.batches(sampleCount - place, of: size)
    if steps < left { return consumed + steps * size }
    let (epochs, rest) = (steps - left).quotientAndRemainder(dividingBy: count)
    return (epoch + 1 + epochs) * sampleCount + rest * size
  }

  /// The steps of so many epochs: of a part of one, as many as read that part. nil if they cannot be counted.
  public func steps(ofEpochs epochs: Double) -> Int? {
    let exact = epochs * Double(count)
    let nearest = exact.rounded()
    // A product that is a whole number but for its rounding is that number.
    let steps = abs(exact - nearest) <= 1e-14 * exact ? nearest : exact.rounded(.up)
    return Int(exactly: steps).map { max(1, $0) }
  }

  /// The steps after which at least so many tokens of `data` have been read, and not before the last of them.
  public func steps(ofTokens tokens: Int, of data: any SampleLoader) -> Int {
    // Epochs of weighted sources have different samples, and with them different numbers of tokens.
    let (epochs, rest) =
      data.order.isOnePass ? tokens.quotientAndRemainder(dividingBy: data.tokenCount) : (0, tokens)
    var (consumed, steps, read) = (epochs * sampleCount, epochs * count, 0)
    while read < rest {
      let numbers = batch(after: consumed)
      read += Self.tokens(numbers, of: data)
      consumed = numbers.upperBound
      steps += 1
    }
    return max(1, steps)
  }

  /// The steps from `consumed` samples to `target` of them; 0 if these are consumed.
  public func steps(from consumed: Int, to target: Int) -> Int {
    guard target > consumed else { return 0 }
    let (epoch, place) = consumed.quotientAndRemainder(dividingBy: sampleCount)
    let (lastEpoch, lastPlace) = target.quotientAndRemainder(dividingBy: sampleCount)
    if epoch == lastEpoch { return Self.batches(lastPlace - place, of: size) }
    let rest = lastPlace > 0 ? Self.batches(lastPlace, of: size) : 0
    return Self.batches(sampleCount - place, of: size) + (lastEpoch - epoch - 1) * count + rest
  }

  private static func tokens(_ numbers: Range<Int>, of data: any SampleLoader) -> Int {
    data.order.samples(numbers).reduce(0) { $0 + data.tokenCount(ofSample: $1) }
  }
}
