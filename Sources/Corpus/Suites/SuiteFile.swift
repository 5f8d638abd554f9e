import Files

/// A file of an evaluation suite: its questions, with their answers.
package struct SuiteFile: Sendable {
  package let path: String
  package let format: SuiteFormat
  let rows: [SuiteRow]

  /// How many questions there are.
  package var count: Int { rows.count }

  /// The files that `patterns` name, in their order, each once. Of a folder those with rows: a README or labels may lie beside them.
  ///
  /// - Throws: `.data` for files that are of no known suite, or that have a row without an answer.
  package static func files(_ patterns: [String]) throws(Failure) -> [SuiteFile] {
    let files = try ConversationFile.withoutTexts(patterns, format: nil).groups.flatMap(\.self)
    if let shard = files.first(where: \.format.holdsTokens) {
      throw Failure(.data, "a token shard where a suite of questions is expected", at: shard.path)
    }
    var (suites, failures, known) = ([SuiteFile](), [Failure](), Set<String>())
    for file in files where known.insert(file.canonicalPath).inserted {
      do throws(Failure) { suites.append(try SuiteFile(file)) } catch { failures.append(error) }
    }
    if let failure = Failure.all(failures) { throw failure }
    return suites
  }

  private init(_ file: CorpusFile) throws(Failure) {
    path = file.path
    var found: SuiteFormat?
    var labels: [Int]?
    var rows: [SuiteRow] = []
    let path = file.path
    _ = try ConversationFile.rows(of: file) { (line) throws(Failure) in
      let json = try Self.value(of: line)
      guard let format = SuiteFormat(of: json, path: path), format == found ?? format else {
        throw Self.unknown(json, at: line.place, expected: found)
      }
      if found == nil, format == .piqa { labels = try Self.labels(beside: path) }
      found = format
      if let labels, json["label"] == nil, rows.count >= labels.count {
        throw Failure(
          .data, "fewer labels than rows", at: line.place, notes: ["\(Self.labelsPath(path)) has \(labels.count)"])
      }
      let label = json["label"] == nil ? labels?[rows.count] : nil
      rows.append(try format.row(json, label: label, at: line.place))
    }
    guard let found else { throw Failure(.data, "no questions", at: path) }
    if let labels, labels.count != rows.count {
      throw Failure(
        .data, "more labels than rows", at: Self.labelsPath(path),
        notes: ["\(labels.count) labels, \(rows.count) rows in \(path)"])
    }
    (format, self.rows) = (found, rows)
  }

  private static func value(of line: JSONRow) throws(Failure) -> JSONValue {
    do throws(Failure) {
      return try line.value()
    } catch {
      throw Failure(.data, error.what, at: error.place, notes: error.notes.filter { !$0.contains("data.on_error") })
    }
  }

  private static func unknown(_ row: JSONValue, at place: String, expected: SuiteFormat?) -> Failure {
    let keys = (row.object ?? []).map { "\"\($0.key)\"" }.joined(separator: ", ")
    let found = keys.isEmpty ? "found \(row.found)" : "found the columns \(keys)"
    if let expected {
      return Failure(
        .data, "a row of another kind than those before it, which are of \(expected.rawValue)", at: place,
        notes: [found])
    }
    if SuiteFormat.isCommonsenseQA(row) {
      return Failure(
        .data, "CommonsenseQA is not known here", at: place,
        notes: [
          "lm-evaluation-harness lists its answers in the question and asks for a letter; rows that say so are measured alike:",
          #"{"prompt": "Question: ...\nA. ...\nB. ...\nAnswer:", "choices": ["A", "B"], "answer": 0}"#,
        ])
    }
    return Failure(.data, "a row of no known suite", at: place, notes: [found, "known are"] + SuiteFormat.forms)
  }

  // MARK: Labels in a file beside

  /// `valid.jsonl` has its labels in `valid-labels.lst`, and so has `valid.jsonl.gz`.
  private static func labelsPath(_ path: String) -> String {
    let path = path.withoutCompression
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let ending = name.lastIndex(of: ".").map { name.distance(from: $0, to: name.endIndex) } ?? 0
    return "\(path.dropLast(ending))-labels.lst"
  }

  private static func labels(beside path: String) throws(Failure) -> [Int]? {
    let file = labelsPath(path)
    guard Path.exists(file) else { return nil }
    let text = String(decoding: try ReadableFile.contents(of: file, area: .data), as: UTF8.self)
    var labels: [Int] = []
    for (index, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      guard let label = Int(line.filter { !$0.isWhitespace }), 0...1 ~= label else {
        throw Failure(.data, "a label is 0 or 1", at: "\(file):\(index + 1)", notes: ["found \"\(line)\""])
      }
      labels.append(label)
    }
    return labels
  }
}
