import Files

/// Weighted sources of examples: where each one's examples end among all, and its share of what is read.
package struct Mixture: Sendable, Equatable {
  /// The index after the last example of each source.
  package let ends: [Int]
  /// What the shares are proportional to.
  package let weights: [Double]

  package init(ends: [Int], weights: [Double]) {
    precondition(ends.count == weights.count, "\(ends.count) sources, \(weights.count) weights")
    (self.ends, self.weights) = (ends, weights)
  }

  /// The examples of each source.
  package var ranges: [Range<Int>] { zip([0] + ends, ends).map { $0..<$1 } }

  /// What identifies it beside the examples.
  var identity: String { zip(ends, weights).map { "\($0) \($1)" }.joined(separator: "\n") }
}

/// Which source each sample of a run comes from, so that every source has its share of any stretch of samples: exactly, but for
/// rounding to whole samples, which does not add up. Nothing is drawn, and the whole is a function of the sample's number.
///
/// The first source's samples are those at which `floor(n * share)` grows, evenly spread; those that are left are dealt to the
/// other sources in the same way.
package struct SourceShares: Sendable, Equatable {
  /// The share of each source in what the sources before it leave; the last one has all of it.
  private let shares: [Double]

  package init(_ weights: [Double]) {
    precondition(!weights.isEmpty && weights.allSatisfy { $0 > 0 && $0.isFinite }, "weights \(weights)")
    shares = weights.indices.map { index in weights[index] / weights[index...].reduce(0, +) }
  }

  /// The source of sample `number`, and how many samples of that source come before it.
  package func place(_ number: Int) -> (source: Int, index: Int) {
    var rest = number
    for (source, share) in shares.enumerated().dropLast() {
      let before = Self.part(share, of: rest)
      if Self.part(share, of: rest + 1) > before { return (source, before) }
      rest -= before
    }
    return (shares.count - 1, rest)
  }

  /// How many of the first `count` samples are of each source.
  package func counts(of count: Int) -> [Int] {
    var rest = count
    var counts: [Int] = []
    for share in shares.dropLast() {
      counts.append(Self.part(share, of: rest))
      rest -= counts.last!
    }
    return counts + [rest]
  }

  /// The least number of samples in which each source has been read as often as `sizes` says.
  package func count(reading sizes: [Int]) -> Int {
    precondition(sizes.count == shares.count, "\(sizes.count) sizes, \(shares.count) sources")
    func isEnough(_ count: Int) -> Bool { zip(counts(of: count), sizes).allSatisfy { $0 >= $1 } }
    var (lower, upper) = (0, 1)
    while !isEnough(upper), upper < Self.most { (lower, upper) = (upper, 2 * upper) }
    while lower + 1 < upper {
      let middle = (lower + upper) / 2
      if isEnough(middle) { upper = middle } else { lower = middle }
    }
    return upper
  }

  /// Beyond it not every whole number is a double; no run takes so many samples.
  private static let most = 1 << 52

  private static func part(_ share: Double, of count: Int) -> Int { Int((share * Double(count)).rounded(.down)) }
}
