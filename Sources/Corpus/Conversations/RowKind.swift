import Files

/// What the rows of a file are, told by the first of them.
package enum RowKind: Sendable {
  /// Text or tokens without turns.
  case text
  /// Turns, or an instruction and its answer.
  case conversation
  /// A prompt with a better and a worse answer.
  case pair
  /// A prompt with an answer that is wanted or not.
  case labelled

  /// The kind of the rows in the files that `patterns` name; `fields` renames columns.
  package init(of patterns: [String], fields: [String: String] = [:]) throws(Failure) {
    let files = try CorpusFile.resolve(patterns, format: nil)
    guard let file = files.first, try file.holdsRows, let (value, place) = try ConversationFile.firstRow(of: file)
    else {
      self = .text
      return
    }
    self.init(try TuningRow(value, at: place, fields: fields, inputSeparator: ""))
  }

  private init(_ row: TuningRow) {
    if row.has("chosen", "rejected") {
      self = .pair
    } else if row.has("label") {
      self = .labelled
    } else if row.has("messages") || row.has("conversations") || row.has("instruction") || row.has("prompt")
      || row.has("question")
    {
      self = .conversation
    } else {
      self = .text
    }
  }
}

extension CorpusFile {
  /// Whether the file is an array of JSON or a JSON object a line.
  fileprivate var holdsRows: Bool {
    get throws(Failure) {
      if format.holdsTokens { return false }
      if format == .jsonl { return true }
      let file = try ReadableFile(path, area: .data)
      let head = try file.read(min(file.count, 1 << 12), at: 0)
      return path.hasSuffix(".json") && head.first { $0 > 0x20 && $0 < 0x80 } == UInt8(ascii: "[")
    }
  }
}
