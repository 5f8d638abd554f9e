/// Ranges in rising order that do not overlap.
struct SortedRanges: Sendable, Equatable {
  private(set) var ranges: [Range<Int>] = []

  /// Adds a range behind the others, joining it to the last one where it follows on that.
  mutating func append(_ range: Range<Int>) {
    if range.isEmpty { return }
    if let last = ranges.last, last.upperBound == range.lowerBound {
      ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
    } else {
      precondition((ranges.last?.upperBound ?? 0) <= range.lowerBound, "\(range) follows \(ranges)")
      ranges.append(range)
    }
  }

  func overlaps(_ range: Range<Int>) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound < range.upperBound
  }
}
