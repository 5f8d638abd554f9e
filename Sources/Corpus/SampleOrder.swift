/// The order in which a run reads its samples: a pure function of the seed, the epoch and the index.
///
/// Samples are numbered across epochs: number n is index `n % count` of epoch `n / count`. The number of samples consumed is
/// therefore all the state that resuming needs.
public struct SampleOrder: Sendable {
  /// The samples of an epoch.
  public let count: Int
  private let seed: UInt64
  private let shuffle: Bool

  /// An order of `count` samples; without `shuffle` every epoch has them in their own order.
  public init(count: Int, seed: UInt64, shuffle: Bool) {
    precondition(count > 0, "an order of \(count) samples")
    self.count = count
    self.seed = seed
    self.shuffle = shuffle
  }

  /// The samples with these numbers.
  public func samples(_ numbers: Range<Int>) -> [Int] {
    precondition(numbers.lowerBound >= 0, "sample number \(numbers.lowerBound)")
    guard shuffle, !numbers.isEmpty else { return numbers.map { $0 % count } }
    var order = Permutation(count: count, seed: seed, epoch: numbers.lowerBound / count)
    return numbers.map { number in
      let place = number % count
      if place == 0 { order = Permutation(count: count, seed: seed, epoch: number / count) }
      return order[place]
    }
  }

  /// At most `limit` samples spread evenly over the data, the same ones at every call.
  public func spread(_ limit: Int) -> [Int] {
    let chosen = min(max(0, limit), count)
    return (0..<chosen).map { place in
      let (high, low) = place.multipliedFullWidth(by: count)
      return chosen.dividingFullWidth((high, low)).quotient
    }
  }
}
