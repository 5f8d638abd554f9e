import Files
import Tokenizers

/// Reads the rows of files, makes an example of each, and counts what cannot be used.
struct TuningReader: Sendable {
  let settings: TuningSettings
  let format: ChatFormat

  /// The rows that are encoded at a time.
  private static let batch = 1024

  /// What reading gives besides the examples.
  struct Reading {
    let summary: TuningSummary
    /// The examples that there are after each of the patterns.
    let ends: [Int]
    /// A SHA-256 over everything that the examples depend on.
    let digest: String
  }

  init(settings: TuningSettings, format: ChatFormat) throws(Failure) {
    try settings.check()
    self.settings = settings
    self.format = format
  }

  /// Reads the files that `patterns` name.
  ///
  /// - Parameters:
  ///   - encoder: makes an example of a row; what it throws is an error of the row.
  ///   - keep: stores the example, or drops it for its length; what it throws ends the reading.
  func read<Encoder: RowEncoder>(
    _ patterns: [String], _ encoder: Encoder,
    keep: (Encoder.Example, _ place: String, inout TuningSummary) throws(Failure) -> Void
  ) throws(Failure) -> Reading {
    let (groups, others) = try ConversationFile.groups(patterns, format: settings.format)
    var ends: [Int] = []
    var summary = TuningSummary()
    if !others.isEmpty {
      summary.warnings.append("files without rows are left out: \(others.prefix(4).joined(separator: ", "))")
      if others.count > 4 { summary.warnings[0] += " and \(others.count - 4) more" }
    }
    var digests: [String] = []
    var lanes = Lanes(encoder)
    var waiting: [JSONRow] = []
    func flush() throws(Failure) {
      for (result, row) in zip(lanes.examples(of: waiting, row), waiting) {
        summary.rows += 1
        switch result {
        case .success(let example): try keep(example, row.place, &summary)
        case .failure(var error):
          error.place = error.place ?? row.place
          if settings.onError == .stop || error.area != .data { throw error }
          summary.drop(error, isFault: true)
        }
      }
      waiting.removeAll(keepingCapacity: true)
    }
    for files in groups {
      for file in files {
        let digest = try ConversationFile.rows(of: file) { (row) throws(Failure) in
          waiting.append(row)
          if waiting.count == Self.batch { try flush() }
        }
        try flush()
        digests.append(digest)
      }
      ends.append(summary.used)
    }
    try summary.check(groups.first(where: { !$0.isEmpty })![0].path)
    summary.warnings += try unknownFields(of: groups.flatMap(\.self))
    summary.warnOfRemarks()
    return Reading(summary: summary, ends: ends, digest: identity(of: digests))
  }

  /// What to say of names in `data.fields` that none of the first rows has: of a misspelt one a column is not read. Those of a
  /// message's keys are inside a column.
  private func unknownFields(of files: [CorpusFile]) throws(Failure) -> [String] {
    var left = settings.fields.filter { !["role", "content"].contains($0.key) }
    for file in files where !left.isEmpty {
      try ConversationFile.first(1000, of: file) { row, _ in left = left.filter { row[$0.value] == nil } }
    }
    return left.sorted { $0.key < $1.key }.map { name, column in
      "data.fields: none of the first rows has a column \"\(column)\", which would be \"\(name)\""
    }
  }

  @Sendable private func row(_ row: JSONRow) throws(Failure) -> TuningRow {
    let value: JSONValue
    do throws(Failure) {
      value = try row.value(isSkippable: settings.onError == .skip)
    } catch {
      if !row.isLine { throw error }
      throw Failure(error.area, "the line is no JSON", at: error.place, notes: [error.what] + error.notes)
    }
    return try TuningRow(
      value, at: row.place, fields: settings.fields, inputSeparator: format.template.inputSeparator)
  }

  private func identity(of sources: [String]) -> String {
    let tokenizer = format.tokenizer
    return Digest.sha256(
      (sources + [Digest.sha256(tokenizer.json()), format.identity, "\(tokenizer.endOfText ?? -1)", settings.identity])
        .joined(separator: "\n"))
  }

  /// Whether an example of `length` tokens is kept; counts it if it is dropped or will be truncated.
  func admits(_ length: Int, _ place: String, _ summary: inout TuningSummary) throws(Failure) -> Bool {
    summary.longest = max(summary.longest, length)
    if length <= settings.maximumLength { return true }
    let failure = Failure(
      .data, "longer than \(settings.maximumLength) tokens", at: place,
      notes: ["it has \(length) tokens", "raise data.sequence_length, or set data.on_overflow to truncate or drop"])
    switch settings.onOverflow {
    case .error: throw failure
    case .drop: summary.drop(failure, isFault: false)
    case .truncate: summary.truncated += 1
    }
    return settings.onOverflow == .truncate
  }
}
