import Numerics

/// A seeded permutation of `0 ..< count` with O(1) random access and no storage.
///
/// A balanced Feistel network permutes the smallest power of four that is not below `count`; a result outside the range
/// is sent through again until it falls inside (cycle walking), fewer than four times on average. It is bijective
/// whatever the round function is (Luby and Rackoff 1988; Black and Rogaway 2002).
package struct Permutation: Sendable {
  package let count: Int
  private let halfBits: UInt64
  private let mask: UInt64
  private let keys: [UInt64]

  /// The permutation that belongs to `seed` and `epoch`.
  package init(count: Int, seed: UInt64, epoch: Int) {
    precondition(count > 0, "a permutation of \(count) items")
    self.count = count
    let bits = UInt64.bitWidth - (UInt64(count) - 1).leadingZeroBitCount
    halfBits = UInt64(max(1, (bits + 1) / 2))
    mask = (1 << halfBits) - 1
    let start = SplitMix64.mixed(SplitMix64.mixed(seed) ^ UInt64(bitPattern: Int64(epoch)))
    keys = (1...8).map { SplitMix64.mixed(start &+ $0 &* SplitMix64.increment) }
  }

  /// The item at an index of the order.
  package subscript(place: Int) -> Int {
    precondition(place >= 0 && place < count, "place \(place) of \(count)")
    var value = UInt64(place)
    repeat { value = permuted(value) } while value >= UInt64(count)
    return Int(value)
  }

  private func permuted(_ value: UInt64) -> UInt64 {
    var left = value >> halfBits
    var right = value & mask
    for key in keys {
      (left, right) = (right, left ^ (SplitMix64.mixed(right ^ key) & mask))
    }
    return left << halfBits | right
  }
}
