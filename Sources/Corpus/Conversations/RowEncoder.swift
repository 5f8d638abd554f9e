import Files

/// Makes an example of a row.
protocol RowEncoder: Sendable {
  associatedtype Example: Sendable
  mutating func example(of row: TuningRow) throws(Failure) -> Example
}

extension Lanes where Worker: RowEncoder {
  /// The examples of rows, which `read` parses, or what is wrong with them.
  mutating func examples(
    of rows: [JSONRow], _ read: @Sendable (JSONRow) throws(Failure) -> TuningRow
  ) -> [Result<Worker.Example, Failure>] {
    let groups = stride(from: 0, to: rows.count, by: 32).map { $0..<min($0 + 32, rows.count) }
    return map(groups) { encoder, place in
      Result { () throws(Failure) in try encoder.example(of: read(rows[place])) }
    }
  }
}
