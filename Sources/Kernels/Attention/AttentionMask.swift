/// Which keys of its row a query sees: those from the start of its document to itself, but for a range that is hidden
/// from it, as one answer to a prompt is from the next.
package struct AttentionMask: Sendable {
  /// The column at which each query's document begins, [B T].
  let starts: [Int32]
  /// The columns from `starts` up to `ends` that each query does not see, [B T] each.
  let hidden: (starts: [Int32], ends: [Int32])?

  package init(starts: [Int32], hidden: (starts: [Int32], ends: [Int32])? = nil) {
    self.starts = starts
    self.hidden = hidden
  }

  /// Runs `body` with the mask's columns, which threads may pass on: to count references to the arrays, many times a head and by
  /// all threads at once, takes as long as a good part of attention.
  func withColumns<Result>(_ body: (MaskColumns) -> Result) -> Result {
    starts.withUnsafeBufferPointer { starts in
      guard let hidden else { return body(MaskColumns(starts: starts, hidden: nil)) }
      return hidden.starts.withUnsafeBufferPointer { hiddenStarts in
        hidden.ends.withUnsafeBufferPointer { hiddenEnds in
          body(MaskColumns(starts: starts, hidden: (hiddenStarts, hiddenEnds)))
        }
      }
    }
  }

  /// How many keys all queries see together, in rows of `length`.
  func pairs(length: Int) -> Int {
    withColumns { mask in
      starts.indices.reduce(0) { $0 + $1 % length + 1 - mask.start($1) - mask.hiddenColumns($1).count }
    }
  }

  /// The most numbers that a row of scores has, in rows of `length`.
  func widestTile(length: Int) -> Int {
    withColumns { mask in
      var widest = 0
      for row in stride(from: 0, to: starts.count, by: length) {
        for first in stride(from: 0, to: length, by: attentionTile) {
          let keys = TileKeys(mask, row: row, queries: first..<min(first + attentionTile, length), offset: 0)
          widest = max(widest, keys.width)
        }
      }
      return widest
    }
  }
}

/// The columns of an `AttentionMask` where they lie.
struct MaskColumns {
  fileprivate let starts: UnsafeBufferPointer<Int32>
  fileprivate let hidden: (starts: UnsafeBufferPointer<Int32>, ends: UnsafeBufferPointer<Int32>)?

  func start(_ query: Int) -> Int { Int(starts[query]) }

  func hiddenColumns(_ query: Int) -> Range<Int> {
    guard let hidden else { return 0..<0 }
    return Int(hidden.starts[query])..<Int(hidden.ends[query])
  }
}
