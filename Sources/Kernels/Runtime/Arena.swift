/// Which parts of a long range are taken. The smallest gap that fits is given out, and gaps that touch become one, so
/// that what was many small parts can be a large one next.
package struct Arena {
  private struct Gap: Comparable {
    let count: Int
    let start: Int
    static func < (a: Gap, b: Gap) -> Bool { (a.count, a.start) < (b.count, b.start) }
  }

  /// The smallest first.
  private var gaps: [Gap] = []
  private var endOfGap: [Int: Int] = [:]
  private var startOfGap: [Int: Int] = [:]
  /// Where the last part that is taken ends.
  package private(set) var top = 0

  package init() {}

  /// Takes `count` neighbouring places and returns the first.
  package mutating func take(_ count: Int) -> Int {
    let index = position(of: Gap(count: count, start: 0))
    guard index < gaps.count else {
      defer { top += count }
      return top
    }
    let gap = gaps[index]
    close(gap.start, gap.start + gap.count)
    if gap.count > count { open(gap.start + count, gap.start + gap.count) }
    return gap.start
  }

  /// Gives back what `take(count)` returned.
  package mutating func giveBack(_ start: Int, count: Int) {
    var (start, end) = (start, start + count)
    if let before = startOfGap[start] {
      close(before, start)
      start = before
    }
    if let after = endOfGap[end] {
      close(end, after)
      end = after
    }
    if end == top { top = start } else { open(start, end) }
  }

  private mutating func open(_ start: Int, _ end: Int) {
    let gap = Gap(count: end - start, start: start)
    gaps.insert(gap, at: position(of: gap))
    endOfGap[start] = end
    startOfGap[end] = start
  }

  private mutating func close(_ start: Int, _ end: Int) {
    gaps.remove(at: position(of: Gap(count: end - start, start: start)))
    endOfGap[start] = nil
    startOfGap[end] = nil
  }

  /// The index of the first gap that is not smaller.
  private func position(of gap: Gap) -> Int {
    var (low, high) = (0, gaps.count)
    while low < high {
      let middle = (low + high) / 2
      if gaps[middle] < gap { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
