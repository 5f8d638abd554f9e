import Corpus
import Testing

@Suite struct PermutationTests {
  @Test func everyPlaceIsReachedOnceForSmallCounts() {
    for count in 1...200 {
      let order = Permutation(count: count, seed: UInt64(count), epoch: count % 3)
      #expect(Set((0..<count).map { order[$0] }) == Set(0..<count), "\(count) items")
    }
  }

  @Test func everyPlaceIsReachedOnceAroundPowersOfTwo() {
    for count in [1023, 1024, 1025, 4095, 4096, 4097, 100_003] {
      let order = Permutation(count: count, seed: 7, epoch: 0)
      var seen = [Bool](repeating: false, count: count)
      for place in 0..<count { seen[order[place]] = true }
      #expect(!seen.contains(false), "\(count) items")
    }
  }

  @Test(arguments: [1 << 31, (1 << 32) + 1, 1 << 40, Int.max])
  func hugeCountsStayInRangeAndDistinct(count: Int) {
    let order = Permutation(count: count, seed: 3, epoch: 1)
    let places = (0..<2000).map { count / 2000 * $0 } + [count - 1]
    let items = places.map { order[$0] }
    #expect(items.allSatisfy { $0 >= 0 && $0 < count })
    #expect(Set(items).count == places.count)
  }

  @Test func seedsAndEpochsGiveDifferentOrders() {
    func items(_ seed: UInt64, _ epoch: Int) -> [Int] {
      let order = Permutation(count: 1000, seed: seed, epoch: epoch)
      return (0..<1000).map { order[$0] }
    }
    let orders = [items(1, 0), items(1, 1), items(2, 0), items(0, 1)]
    for (place, order) in orders.enumerated() {
      for other in orders[(place + 1)...] {
        let equal = zip(order, other).filter { $0 == $1 }.count
        #expect(equal < 10, "a random pair of orders agrees at one place of 1000")
      }
    }
    #expect(items(1, 0) == items(1, 0))
  }

  /// Chi-squared over (place, item) of 10 items: 81 degrees of freedom, so 130 is beyond the 99.9th percentile.
  @Test(arguments: [2, 3, 5, 10, 17])
  func everyItemIsEquallyLikelyAtEveryPlace(count: Int) {
    let epochs = 4000
    var counts = [Int](repeating: 0, count: count * count)
    for epoch in 0..<epochs {
      let order = Permutation(count: count, seed: 11, epoch: epoch)
      for place in 0..<count { counts[place * count + order[place]] += 1 }
    }
    let expected = Double(epochs) / Double(count)
    let chiSquared = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    let freedom = Double((count - 1) * (count - 1))
    #expect(chiSquared < freedom + 5 * (2 * freedom).squareRoot(), "chi-squared \(chiSquared), \(freedom) degrees")
  }
}
