import Files

/// What the rows of a file are, told by the columns that most of the first of them have.
package enum RowKind: Sendable {
  /// Text or tokens without turns.
  case text
  /// Turns, or an instruction and its answer.
  case conversation
  /// A prompt with a better and a worse answer.
  case pair
  /// A prompt with an answer that is wanted or not.
  case labelled

  /// The kind of the rows in the files that `patterns` name; `fields` renames columns. Rows that cannot be used say nothing.
  package init(of patterns: [String], fields: [String: String] = [:]) throws(Failure) {
    let files = try CorpusFile.resolve(patterns, format: nil)
    self = .text
    // A folder of rows may have a README before them.
    guard let file = files.first(where: \.holdsRows) else { return }
    var counts: [(kind: RowKind, count: Int)] = []
    try ConversationFile.first(1000, of: file) { value, place in
      let row = try? TuningRow(value, at: place, fields: fields, inputSeparator: "")
      guard let kind = row.flatMap(RowKind.init) else { return }
      if let index = counts.firstIndex(where: { $0.kind == kind }) {
        counts[index].count += 1
      } else {
        counts.append((kind, 1))
      }
    }
    // The first of equals.
    let most = counts.map(\.count).max()
    if let first = counts.first(where: { $0.count == most }) { self = first.kind }
  }

  /// The names of columns `fields`, where one of the first rows of the files has one of them; else none: the usual names.
  package static func fields(_ fields: [String: String], in patterns: [String]) throws(Failure) -> [String: String] {
    if fields.isEmpty { return [:] }
    guard let file = try CorpusFile.resolve(patterns, format: nil).first(where: \.holdsRows) else { return [:] }
    var areThere = false
    try ConversationFile.first(1000, of: file) { row, _ in
      areThere = areThere || fields.values.contains { row[$0] != nil }
    }
    return areThere ? fields : [:]
  }

  /// nil for a row without a known column.
  private init?(_ row: TuningRow) {
    if row.has("chosen", "rejected") {
      self = .pair
    } else if row.has("label") {
      self = .labelled
    } else if row.has("messages") || row.has("conversations") || row.has("instruction") || row.has("prompt")
      || row.has("question") || row.has("input", "output")
    {
      self = .conversation
    } else if row.has("text") {
      self = .text
    } else {
      return nil
    }
  }
}

extension CorpusFile {
  /// Whether the file is an array of JSON, a JSON object a line, or records with a header.
  fileprivate var holdsRows: Bool { format == .jsonl || format.separator != nil }
}
