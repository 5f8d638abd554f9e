/// Puts examples into as few rows of one capacity as it can.
package enum Packing {
  /// The examples of each row: best fit decreasing. The longest goes first, each into the fullest row that has room for it;
  /// equals in their order. At most 11/9 of the fewest rows possible, and one more (Johnson 1973).
  ///
  /// - Parameter lengths: of each example, none above `capacity`.
  package static func bestFitDecreasing(_ lengths: [Int], capacity: Int) -> [[Int]] {
    var rows: [[Int]] = []
    /// The rows that have exactly so much room.
    var rowsByRoom = [[Int]](repeating: [], count: capacity + 1)
    for example in lengths.indices.sorted(by: { (-lengths[$0], $0) < (-lengths[$1], $1) }) {
      let length = lengths[example]
      precondition(length <= capacity, "an example of \(length) tokens in a row of \(capacity)")
      let room = (length...capacity).first { !rowsByRoom[$0].isEmpty }
      let row = room.map { rowsByRoom[$0].removeLast() } ?? rows.count
      if room == nil { rows.append([]) }
      rows[row].append(example)
      rowsByRoom[(room ?? capacity) - length].append(row)
    }
    return rows
  }

  /// The examples of each row: next fit, in their order. A row ends where the next example has no room left.
  ///
  /// - Parameter lengths: of each example, none above `capacity`.
  package static func nextFit(_ lengths: [Int], capacity: Int) -> [[Int]] {
    var rows: [[Int]] = []
    var room = 0
    for (example, length) in lengths.enumerated() {
      precondition(length <= capacity, "an example of \(length) tokens in a row of \(capacity)")
      if rows.isEmpty || length > room {
        rows.append([])
        room = capacity
      }
      rows[rows.count - 1].append(example)
      room -= length
    }
    return rows
  }
}
