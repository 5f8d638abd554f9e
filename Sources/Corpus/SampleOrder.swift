import Numerics

/// The order in which a run reads its samples: a pure function of the seed, the epoch and the index.
///
/// Samples are numbered across epochs: number n is index `n % count` of epoch `n / count`. The number of samples consumed is
/// therefore all the state that resuming needs.
///
/// Of weighted sources each has an order and epochs of its own, and ``SourceShares`` says whose turn it is. An epoch of the whole is
/// over when every source has been read through at least once: `all_exhausted` of Hugging Face's `interleave_datasets`, whose
/// sources are drawn, however, so that their shares are those of the weights only in the mean.
public struct SampleOrder: Sendable {
  /// The samples of an epoch.
  public let count: Int
  /// The different samples that there are.
  public let sampleCount: Int
  private let seed: UInt64
  private let shuffle: Bool
  private let mixture: (shares: SourceShares, sizes: [Int])?

  /// An order of `count` samples; without `shuffle` every epoch has them in their own order.
  public init(count: Int, seed: UInt64, shuffle: Bool) {
    precondition(count > 0, "an order of \(count) samples")
    (self.count, sampleCount, mixture) = (count, count, nil)
    self.seed = seed
    self.shuffle = shuffle
  }

  /// An order of the samples of several sources of so many samples, numbered one source after the other.
  package init(mixing sizes: [Int], weights: [Double], seed: UInt64, shuffle: Bool) {
    precondition(sizes.allSatisfy { $0 > 0 }, "sources of \(sizes) samples")
    let shares = SourceShares(weights)
    count = shares.count(reading: sizes)
    sampleCount = sizes.reduce(0, +)
    mixture = (shares, sizes)
    self.seed = seed
    self.shuffle = shuffle
  }

  /// Whether an epoch has every sample once.
  public var isOnePass: Bool { mixture == nil }

  /// How often an epoch reads each weighted source; none where there are no such sources.
  package var passes: [Double] {
    guard let mixture else { return [] }
    return zip(mixture.shares.counts(of: count), mixture.sizes).map { Double($0) / Double($1) }
  }

  /// The samples with these numbers.
  public func samples(_ numbers: Range<Int>) -> [Int] {
    precondition(numbers.lowerBound >= 0, "sample number \(numbers.lowerBound)")
    if let mixture { return samples(numbers, mixture.shares, mixture.sizes) }
    guard shuffle, !numbers.isEmpty else { return numbers.map { $0 % count } }
    var order = Permutation(count: count, seed: seed, epoch: numbers.lowerBound / count)
    return numbers.map { number in
      let place = number % count
      if place == 0 { order = Permutation(count: count, seed: seed, epoch: number / count) }
      return order[place]
    }
  }

  private func samples(_ numbers: Range<Int>, _ shares: SourceShares, _ sizes: [Int]) -> [Int] {
    let starts = sizes.indices.map { sizes[..<$0].reduce(0, +) }
    var orders: [(epoch: Int, order: Permutation)?] = sizes.map { _ in nil }
    return numbers.map { number in
      let (source, index) = shares.place(number)
      let (epoch, place) = index.quotientAndRemainder(dividingBy: sizes[source])
      if !shuffle { return starts[source] + place }
      if orders[source]?.epoch != epoch {
        // Sources of one size must not be read in one order.
        let own = SplitMix64.mixed(seed ^ SplitMix64.mixed(UInt64(source)))
        orders[source] = (epoch, Permutation(count: sizes[source], seed: own, epoch: epoch))
      }
      return starts[source] + orders[source]!.order[place]
    }
  }

  /// At most `limit` samples spread evenly over the data, the same ones at every call.
  public func spread(_ limit: Int) -> [Int] {
    let chosen = min(max(0, limit), sampleCount)
    return (0..<chosen).map { place in
      let (high, low) = place.multipliedFullWidth(by: sampleCount)
      return chosen.dividingFullWidth((high, low)).quotient
    }
  }
}
