import Files
import Tokenizers

/// Reads the rows of files, makes an example of each, and counts what cannot be used.
struct TuningReader {
  let settings: TuningSettings
  let format: ChatFormat

  /// What reading gives besides the examples.
  struct Reading {
    let summary: TuningSummary
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
  ///   - make: makes an example of a row; what it throws is an error of the row.
  ///   - keep: stores the example, or drops it for its length; what it throws ends the reading.
  func read<Example>(
    _ patterns: [String], make: (TuningRow) throws(Failure) -> Example,
    keep: (Example, _ place: String, inout TuningSummary) throws(Failure) -> Void
  ) throws(Failure) -> Reading {
    let files = try ConversationFile.files(patterns)
    var summary = TuningSummary()
    var digests: [String] = []
    var withTools = 0
    func leaveOut(_ error: Failure) throws(Failure) {
      if settings.onError == .stop || error.area != .data { throw error }
      summary.drop(error, isFault: true)
    }
    for file in files {
      let digest = try ConversationFile.rows(of: file) { (value, place) throws(Failure) in
        summary.rows += 1
        let example: Example
        do throws(Failure) {
          let row = try self.row(value, place)
          if row.hasTools { withTools += 1 }
          example = try make(row)
        } catch {
          var error = error
          error.place = error.place ?? place
          return try leaveOut(error)
        }
        try keep(example, place, &summary)
      }
      digests.append(digest)
    }
    try summary.check(files[0].path)
    if withTools > 0 {
      summary.warnings.append(
        "\"tools\" is not read: \(withTools) of \(summary.rows) rows describe tools that the model is not shown")
    }
    return Reading(summary: summary, digest: identity(of: digests))
  }

  private func row(_ value: Result<JSONValue, Failure>, _ place: String) throws(Failure) -> TuningRow {
    switch value {
    case .success(let value):
      return try TuningRow(value, at: place, fields: settings.fields, inputSeparator: format.template.inputSeparator)
    case .failure(let error):
      throw Failure(error.area, "the line is no JSON", at: error.place, notes: [error.what] + error.notes)
    }
  }

  private func identity(of sources: [String]) -> String {
    let tokenizer = format.tokenizer
    let template = "\(format.template.name)\n\(format.template.defaultSystem ?? "")\n\(format.beginning ?? -1)"
    return Digest.sha256(
      (sources + [Digest.sha256(tokenizer.json()), template, "\(tokenizer.endOfText ?? -1)", settings.identity])
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
