import Files
import Tokenizers

/// Files of rows for tuning: a JSON array of objects, or one object a line, which their first character tells; or delimited values
/// with a header.
package enum ConversationFile {
  /// The conversations in the files that `patterns` name, in their order, for evaluations that ask their questions. Rows that
  /// cannot be used and rows of plain text are skipped.
  package static func conversations(
    _ patterns: [String], fields: [String: String] = [:], format: ChatFormat
  ) throws(Failure) -> [ChatInput] {
    try usable(patterns, fields, format) { (row) throws(Failure) in
      if case .conversation(let input, _) = try row.instruction() { input } else { nil }
    }
  }

  /// A prompt, the answer to give, and the answer not to give.
  package typealias Preference = (prompt: ChatInput, chosen: String, rejected: String)

  /// The pairs of single answers in the files that `patterns` name, in their order; rows of another kind are skipped.
  package static func preferences(
    _ patterns: [String], fields: [String: String] = [:], format: ChatFormat
  ) throws(Failure) -> [Preference] {
    try usable(patterns, fields, format) { (row) throws(Failure) in
      guard case .conversation(let prompt, let chosen, let rejected) = try row.preference(), chosen.count == 1,
        rejected.count == 1
      else { return nil }
      return (prompt, chosen[0].content, rejected[0].content)
    }
  }

  /// What `make` makes of the rows; those that it makes nothing of or cannot use are left out.
  private static func usable<Item>(
    _ patterns: [String], _ fields: [String: String], _ format: ChatFormat,
    _ make: (TuningRow) throws(Failure) -> Item?
  ) throws(Failure) -> [Item] {
    var items: [Item] = []
    for file in try files(patterns) {
      _ = try rows(of: file) { line in
        guard let value = try? line.value(),
          let row = try? TuningRow(
            value, at: line.place, fields: fields, inputSeparator: format.template.inputSeparator),
          let item = try? make(row)
        else { return }
        items.append(item)
      }
    }
    return items
  }

  /// The files that `patterns` name. Files that hold no rows are errors, all reported together.
  static func files(_ patterns: [String], format: CorpusFormat? = nil) throws(Failure) -> [CorpusFile] {
    try groups(patterns, format: format).rows.flatMap(\.self)
  }

  /// Refuses files that hold no rows, as far as their beginnings tell.
  package static func check(_ patterns: [String], format: CorpusFormat?) throws(Failure) {
    for file in try files(patterns, format: format) { _ = try layout(of: file) }
  }

  /// The files with rows that each of `patterns` names, and the others, which are left out.
  static func groups(
    _ patterns: [String], format: CorpusFormat?
  ) throws(Failure) -> (rows: [[CorpusFile]], others: [String]) {
    let (groups, others) = try withoutTexts(patterns, format: format)
    let files = groups.flatMap(\.self)
    if files.isEmpty {
      throw Failure(.data, "there is nothing to train on", notes: ["data.train names no file"])
    }
    if let shard = files.first(where: \.format.holdsTokens) {
      throw Failure(
        .data, "token shards where rows of JSON are expected", at: shard.path,
        notes: ["tuning reads .json, .jsonl, .csv and .tsv; train pretrain reads shards"])
    }
    return (groups, others)
  }

  /// The files that each of `patterns` names, without those that hold no rows in a folder that has some, and these: a README and
  /// a licence may lie beside the rows.
  static func withoutTexts(
    _ patterns: [String], format: CorpusFormat?
  ) throws(Failure) -> (groups: [[CorpusFile]], others: [String]) {
    var groups = try CorpusFile.groups(patterns, format: format)
    var others: [String] = []
    for (index, pattern) in patterns.enumerated() where Folder.exists(pattern) {
      var texts: [CorpusFile] = []
      for file in groups[index] { if try isText(file) { texts.append(file) } }
      if texts.count == groups[index].count { continue }
      groups[index].removeAll(where: texts.contains)
      others += texts.map(\.path)
    }
    return (groups, others)
  }

  /// Whether the file seems to be prose, which may begin with a link in brackets.
  private static func isText(_ file: CorpusFile) throws(Failure) -> Bool {
    guard file.format == .text else { return false }
    let text = try beginning(of: file.path)
    let second = text.dropFirst().first { !$0.isWhitespace }
    let isArray = text.first == UInt8(ascii: "[") && second == UInt8(ascii: "{")
    return !isArray && text.first != UInt8(ascii: "{")
  }

  /// Reads the file once; `body` gets each row; what it throws ends the reading. An array with a fault is an error as a
  /// whole. The result is the SHA-256 of the file.
  static func rows(of file: CorpusFile, _ body: (JSONRow) throws(Failure) -> Void) throws(Failure) -> String {
    switch try layout(of: file) {
    case .lines: try JSONLines.read(file.path, body)
    case .array: try array(file.path, body)
    case .records(let separator): try records(file.path, separator, body)
    }
  }

  /// Gives at most the first `limit` rows and their `file:line` to `body`. Lines that are no JSON are passed over; of an array
  /// nothing after a fault is read, which is an error only before its first row.
  static func first(
    _ limit: Int, of file: CorpusFile, _ body: (_ row: JSONValue, _ place: String) -> Void
  ) throws(Failure) {
    var count = 0
    func take(_ row: JSONRow) throws(Failure) {
      if count == limit { throw Failure(.data, "enough rows") }
      if let value = try? row.value() { body(value, row.place) }
      count += 1
    }
    let layout = try layout(of: file)
    if layout == .lines { return try JSONLines.first(limit, of: file.path) { row in _ = try? take(row) } }
    do throws(Failure) {
      _ = try rows(of: file, take)
    } catch {
      if count == 0 { throw error }
    }
  }

  private enum Layout: Equatable {
    case lines, array
    case records(separator: UInt8)
  }

  private static func layout(of file: CorpusFile) throws(Failure) -> Layout {
    if let separator = file.format.separator { return .records(separator: separator) }
    switch try beginning(of: file.path).first {
    case UInt8(ascii: "{"): return .lines
    case UInt8(ascii: "["): return .array
    case _? where file.format == .jsonl: return .lines
    default:
      throw Failure(
        .data, "no rows of JSON", at: file.path,
        notes: [
          "expected an array of objects, one object a line, or a .csv or .tsv with a header",
          "train pretrain reads plain text",
        ])
    }
  }

  /// The beginning of the file, without a byte order mark and white space before it.
  private static func beginning(of path: String) throws(Failure) -> ArraySlice<UInt8> {
    let head = try SourceReader.head(of: path, 1 << 16)
    return head[...].withoutByteOrderMark.drop(while: \.isWhitespace)
  }

  private static func array(
    _ path: String, _ body: (JSONRow) throws(Failure) -> Void
  ) throws(Failure) -> String {
    let (bytes, digest) = try SourceReader.contents(of: path)
    let marks = bytes.starts(with: TextDocuments.byteOrderMark) ? TextDocuments.byteOrderMark.count : 0
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(Failure) in
        let text = UnsafeRawBufferPointer(rebasing: buffer[marks...])
        try JSONValue.parseElements(of: text, source: path, area: .data, takesNaN: true) { (value) throws(Failure) in
          try body(JSONRow(.value(value), place: "\(path):\(value.line)"))
        }
      }
    }
    try result.get()
    return digest
  }

  private static func records(
    _ path: String, _ separator: UInt8, _ body: (JSONRow) throws(Failure) -> Void
  ) throws(Failure) -> String {
    var rows = try DelimitedRows(path, separator: separator)
    let columns = rows.columns
    while let row = try rows.next() { try body(row.json(columns)) }
    return try rows.finish()
  }
}
