import Files

/// What became of the rows of tuning data.
package struct TuningSummary: Sendable, Equatable {
  /// Rows left out for one reason.
  package struct Drop: Sendable, Equatable {
    package let reason: String
    package fileprivate(set) var count: Int
    /// The first few of them, with what is wrong.
    package fileprivate(set) var examples: [Failure]
    /// Whether the rows are unusable, rather than too long.
    let isFault: Bool

    /// The locations of the first few: `file:line`.
    package var places: [String] { examples.compactMap(\.place) }
  }

  /// All rows of the files.
  package internal(set) var rows = 0
  /// Those that became examples.
  package internal(set) var used = 0
  /// The others, by reason; the most frequent first.
  package var drops: [Drop] { tally.sorted { $0.count > $1.count } }
  /// Examples that lost tokens for their length.
  package internal(set) var truncated = 0
  /// The tokens of the longest example, before anything was cut.
  package internal(set) var longest = 0
  /// Warnings for the user, a sentence each.
  package internal(set) var warnings: [String] = []

  private var tally: [Drop] = []
  private var remarks: [String: Int] = [:]

  /// Counts what the user should know about a row.
  mutating func remark(_ texts: [String]) {
    for text in texts { remarks[text, default: 0] += 1 }
  }

  /// The remarks with their counts, as warnings.
  mutating func warnOfRemarks() {
    warnings += remarks.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value) of \(rows) rows" }
    remarks = [:]
  }

  /// Counts a row that is dropped.
  mutating func drop(_ failure: Failure, isFault: Bool) {
    if let index = tally.firstIndex(where: { $0.reason == failure.what }) {
      tally[index].count += 1
      if tally[index].examples.count < 3 { tally[index].examples.append(failure) }
    } else {
      tally.append(Drop(reason: failure.what, count: 1, examples: [failure], isFault: isFault))
    }
  }

  /// Refuses data of which more than half is unusable, or all of it left out.
  func check(_ path: String) throws(Failure) {
    if rows == 0 { throw Failure(.data, "the data has no rows", at: path) }
    let faults = tally.reduce(0) { $1.isFault ? $0 + $1.count : $0 }
    if used > 0, 2 * faults <= rows { return }
    let what =
      used == 0 ? "none of the \(rows) rows can be used" : "\(faults) of \(rows) rows cannot be used: more than half"
    var reasons: [String] = []
    for drop in drops.prefix(4) {
      reasons.append("\(drop.count) x \(drop.reason): \(drop.places.joined(separator: ", "))")
    }
    let details = drops.first?.examples.first?.notes ?? []
    throw Failure(.data, what, at: drops.first?.places.first ?? path, notes: reasons + details)
  }
}
