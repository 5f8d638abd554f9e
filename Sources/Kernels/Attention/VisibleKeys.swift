/// Which keys of its row each token of [B, T] sees: the columns `firsts[i]` up to `ends[i]`, but for a gap that is hidden from it.
///
/// Causal attention, documents beside each other in a row, answers that share a prompt, windows, and attention in both
/// directions are values of this one type.
public struct VisibleKeys: Sendable, Equatable {
  /// The columns `starts[i]` up to `ends[i]` that a token does not see; none where both are equal.
  public struct Gap: Sendable, Equatable {
    public var starts: [Int32]
    public var ends: [Int32]

    /// A gap for each token.
    public init(starts: [Int32], ends: [Int32]) { (self.starts, self.ends) = (starts, ends) }
  }

  /// The first column that each token sees, [B T].
  public let firsts: [Int32]
  /// One past the last column that each token sees, [B T].
  public let ends: [Int32]
  /// What is hidden in between; nil if nothing is.
  public let gap: Gap?

  /// The keys as given, one of each a token.
  public init(firsts: [Int32], ends: [Int32], gap: Gap? = nil) {
    require(
      firsts.count == ends.count && gap.map { $0.starts.count == ends.count && $0.ends.count == ends.count } ?? true,
      "\(firsts.count) first keys, \(ends.count) ends and \(gap?.starts.count ?? 0) gaps")
    (self.firsts, self.ends, self.gap) = (firsts, ends, gap)
  }

  /// Lends the columns to `body` as pointers: retain and release of arrays, by all threads for every head, cost a measurable
  /// share of attention.
  func withPointers<Result>(_ body: (RawVisibleKeys) -> Result) -> Result {
    firsts.withUnsafeBufferPointer { firsts in
      ends.withUnsafeBufferPointer { ends in
        guard let gap else { return body(RawVisibleKeys(firsts: firsts, ends: ends, gap: nil)) }
        return gap.starts.withUnsafeBufferPointer { starts in
          gap.ends.withUnsafeBufferPointer { gapEnds in
            body(RawVisibleKeys(firsts: firsts, ends: ends, gap: (starts, gapEnds)))
          }
        }
      }
    }
  }

  /// How many keys all tokens see together.
  var pairCount: Int {
    withPointers { visible in
      firsts.indices.reduce(0) { $0 + visible.end($1) - visible.first($1) - visible.gap($1).count }
    }
  }

  /// The most numbers that a row of scores has in a tile of queries, for rows of `length` tokens and runs of keys that begin at
  /// multiples of `alignment`.
  func widestTile(length: Int, alignment: Int) -> Int {
    withPointers { visible in
      var widest = 0
      for row in stride(from: 0, to: firsts.count, by: length) {
        for first in stride(from: 0, to: length, by: attentionTile) {
          let keys = TileKeys(
            visible, row: row, queries: first..<min(first + attentionTile, length), alignment: alignment)
          widest = max(widest, keys.width)
        }
      }
      return widest
    }
  }
}

/// `VisibleKeys` inside a kernel.
struct RawVisibleKeys {
  fileprivate let firsts: UnsafeBufferPointer<Int32>
  fileprivate let ends: UnsafeBufferPointer<Int32>
  fileprivate let gap: (starts: UnsafeBufferPointer<Int32>, ends: UnsafeBufferPointer<Int32>)?

  func first(_ token: Int) -> Int { Int(firsts[token]) }
  func end(_ token: Int) -> Int { Int(ends[token]) }

  func gap(_ token: Int) -> Range<Int> {
    guard let gap else { return 0..<0 }
    return Int(gap.starts[token])..<Int(gap.ends[token])
  }
}
