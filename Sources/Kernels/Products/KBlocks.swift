/// K, the size that a product sums over, in blocks that fit into panels. Where they end depends on K alone, and with them the
/// order of every sum.
struct KBlocks {
  /// K in units, which no block divides.
  private let units: Int
  private let unit: Int
  let count: Int

  init(_ k: Int, unit: Int) {
    (units, self.unit) = (k / unit, unit)
    count = (k + Panels.depth - 1) / Panels.depth
  }

  /// The size of the largest.
  var deepest: Int { (units + count - 1) / count * unit }

  /// How many blocks, of which the packed operand takes `size` floats each, fill half of the second level of the cache. The more
  /// threads there are, the sooner they are through with a group and wait for each other: then more of them.
  func together(size: Int) -> Int {
    let floats = max(1 << 17, min(1 << 20, Parallel.threads << 16))
    return max(1, min(count, floats / size))
  }

  subscript(block: Int) -> Range<Int> { self[block..<block + 1] }

  /// Some blocks in a row.
  subscript(group: Range<Int>) -> Range<Int> {
    units * group.lowerBound / count * unit..<units * group.upperBound / count * unit
  }
}
