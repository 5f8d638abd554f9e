import Files

/// Which rows of tuning data are trained and which are held out: about `fraction` of them, at least one of each.
struct TuningSplit {
  private(set) var train: [Int] = []
  private(set) var validation: [Int] = []

  /// With a seed one row is drawn from each of equal runs of rows, so that every file has its part; else the last rows are
  /// held out.
  ///
  /// - Throws: `.data` for a single row.
  init(_ count: Int, fraction: Double, seed: UInt64?) throws(Failure) {
    precondition(fraction > 0 && fraction < 1, "a fraction of \(fraction)")
    guard count > 1 else {
      throw Failure(
        .data, "one row cannot be split", notes: ["give data.validation files of their own, or more data"])
    }
    let wanted = min(count - 1, max(1, Int((Double(count) * fraction).rounded())))
    var draw = seed.map { StratifiedDraw(of: wanted, outOf: count, seed: $0) }
    for row in 0..<count {
      if draw?.takesNext() ?? (row >= count - wanted) { validation.append(row) } else { train.append(row) }
    }
  }

  /// Where sources end in a part of the rows, which are in their order.
  static func ends(_ ends: [Int], among rows: [Int]) -> [Int] {
    ends.map { end in rows.partitioningIndex { $0 >= end } }
  }

  /// What identifies a part of data that `digest` identifies.
  static func identity(of rows: [Int], in digest: String) -> String {
    var hash = Digest()
    hash.update(Array(digest.utf8))
    for row in rows { withUnsafeBytes(of: Int64(row).littleEndian) { hash.update($0) } }
    return hash.hexadecimal
  }
}
