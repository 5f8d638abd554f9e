import Files

/// A log of JSON objects, one a line: metrics.jsonl, samples.jsonl.
package struct JSONLinesLog: ~Copyable {
  private var file: AppendedFile

  /// Opens the log at `path` for appending and creates it when it is missing.
  package init(_ path: String) throws(Failure) { file = try AppendedFile(path) }

  /// Appends a row: its kind, its step, and the values in their order. Numbers are written with the shortest text that
  /// reads back as the same number; what is not finite is null.
  package mutating func append(_ kind: String? = nil, step: Int, _ values: KeyValuePairs<String, JSONValue>) {
    append(kind, step: step, values.map { JSONMember($0.key, $0.value) })
  }

  /// Appends a row; see the other form.
  package mutating func append(_ kind: String? = nil, step: Int, _ values: [JSONMember]) {
    let head = (kind.map { [JSONMember("kind", JSONValue($0))] } ?? []) + [JSONMember("step", JSONValue(step))]
    file.append(JSONValue(head + values).serializedBytes() + [UInt8(ascii: "\n")])
  }

  /// Waits until the rows are on the disk.
  package mutating func synchronize() { file.synchronize() }

  /// The rows of the log at `path`, in order; an incomplete last line is dropped. A missing file has no rows.
  package static func rows(_ path: String) throws(Failure) -> [JSONValue] {
    try lines(path).compactMap(\.row)
  }

  /// Removes rows of steps after `step` and incomplete lines.
  package static func cut(_ path: String, after step: Int) throws(Failure) { try cut(path) { $1 <= step } }

  /// Removes incomplete lines, and rows of which `keeps` does not say so; it is given the row and its step.
  static func cut(_ path: String, _ keeps: (_ row: JSONValue, _ step: Int) -> Bool) throws(Failure) {
    let all = try lines(path)
    let kept = all.filter { line in
      guard let row = line.row, let step = row["step"]?.integer else { return false }
      return keeps(row, step)
    }
    if kept.count == all.count { return }
    try DurableFile.write(kept.flatMap { $0.bytes + [UInt8(ascii: "\n")] }, to: path)
  }

  private struct Line {
    var bytes: ArraySlice<UInt8>
    /// The object the line holds; nil if it is incomplete.
    var row: JSONValue?
  }

  private static func lines(_ path: String) throws(Failure) -> [Line] {
    if !Path.exists(path) { return [] }
    let bytes = try ReadableFile.contents(of: path, area: .data)
    var lines: [Line] = []
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
      let line = bytes[start..<(end ?? bytes.count)]
      let value = try? JSONValue.parse(Array(line), source: path, area: .data)
      lines.append(Line(bytes: line, row: end == nil || value?.object == nil ? nil : value))
      start = (end ?? bytes.count) + 1
    }
    return lines
  }
}
