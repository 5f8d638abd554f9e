import Files

/// A file of comma- or tab-separated values (RFC 4180), read record by record; its first record is the header.
///
/// Fields may be quoted, and hold separators, line ends and doubled quotes then. Records end in CR LF, LF or CR, lines with
/// nothing but blanks are skipped, and a byte order mark is dropped: what pandas does by default.
struct DelimitedRows: ~Copyable {
  /// A record as a row: its fields by the header's names, or what is wrong with it.
  struct Row {
    let place: String
    let fields: Result<[String], Failure>
  }

  /// The names of the columns; one without a name, as pandas writes its index, is empty.
  let columns: [String]
  private var records: Records

  /// Opens the file and reads its header.
  ///
  /// - Throws: `.data` for a header without names or with one of them twice, and where another character separates fields.
  init(_ path: String, separator: UInt8) throws(Failure) {
    var records = try Records(path, separator: separator)
    guard let header = try records.next() else { throw Failure(.data, "the file has no header", at: path) }
    let names = header.fields
    try Self.checkIsHeader(names, header.place)
    let given = names.filter { !$0.isEmpty }
    if given.isEmpty {
      throw Failure(.data, "no column has a name", at: header.place, notes: ["the first line names the columns"])
    }
    if let name = given.indices.first(where: { given[..<$0].contains(given[$0]) }).map({ given[$0] }) {
      throw Failure(.data, "two columns are called \"\(name)\"", at: header.place, notes: ["give one another name"])
    }
    if names.count == 1 { try Self.checkSeparator(names[0], separator, path, header.place) }
    columns = names
    self.records = records
  }

  /// Refuses the line that tells spreadsheets what separates the fields: to all other readers it is the header.
  private static func checkIsHeader(_ names: [String], _ place: String) throws(Failure) {
    let line = names.joined(separator: ",")
    guard line.utf8.count == 5, line.lowercased().hasPrefix("sep=") else { return }
    throw Failure(
      .data, "the first line names no columns, but tells spreadsheets what separates them", at: place,
      notes: ["it is \"\(line)\"", "take it out, as sed 1d does: the header is the line behind it"])
  }

  /// Refuses a header that is one column here and several with another separator.
  private static func checkSeparator(
    _ name: String, _ separator: UInt8, _ path: String, _ place: String
  ) throws(Failure) {
    guard let found = name.first(where: { ";\t|,".contains($0) && $0.asciiValue != separator }) else { return }
    let remedy =
      switch found {
      case "\t": "call the file .tsv"
      case ",": "call the file .csv"
      default: "write commas: " + conversion(of: path, to: "commas.csv", reader: ", delimiter=\"\(found)\"")
      }
    throw Failure(
      .data, "the fields are separated by \(found == "\t" ? "tabs" : "\"\(found)\"")", at: place,
      notes: ["the header is \"\(name)\"", remedy])
  }

  /// A line of Python that writes the file anew, with `reader` and `writer` for options of its module csv.
  fileprivate static func conversion(
    of path: String, to ending: String, reader: String, writer: String = ""
  ) -> String {
    let compression = try? SourceReader.compression(of: path)
    let name = compression == nil ? path : path.withoutCompression
    let isNamed = [".csv", ".tsv"].contains { name.lowercased().hasSuffix($0) }
    let target = JSONValue("\(isNamed ? String(name.dropLast(4)) : name).\(ending)").serialized()
    let source = compression == nil ? "open(\(JSONValue(path).serialized()), newline=\"\")" : "sys.stdin"
    let line =
      "import csv, sys; csv.writer(open(\(target), \"w\", newline=\"\")\(writer))"
      + ".writerows(csv.reader(\(source)\(reader)))"
    let unpacking = compression.map { "\($0.unpacking) \(path.shellWord) | " } ?? ""
    return "\(unpacking)python3 -c \(line.shellWord)"
  }

  /// The next record; nil at the end.
  ///
  /// - Throws: `.data` for quotes that leave open where the records are, and for text that is not UTF-8.
  mutating func next() throws(Failure) -> Row? {
    guard let record = try records.next() else { return nil }
    guard record.fields.count == columns.count else {
      let failure = Failure(
        .data, "a record has another number of fields than the header", at: record.place,
        notes: [
          "it has \(record.fields.count), the header has \(columns.count): \(columns.prefix(8).joined(separator: ", "))",
          "fields with a separator, a quote or a line end in them stand in quotes",
        ])
      return Row(place: record.place, fields: .failure(failure))
    }
    return Row(place: record.place, fields: .success(record.fields))
  }

  /// The SHA-256 of the file.
  consuming func finish() throws(Failure) -> String { try records.finish() }
}

extension DelimitedRows.Row {
  /// The record as an object; empty fields are null, as in pandas, and a field whose column has no name is left out.
  func json(_ columns: [String]) -> JSONRow {
    switch fields {
    case .failure(let failure): JSONRow(.fault(failure), place: place)
    case .success(let fields):
      JSONRow(
        .value(
          JSONValue(
            zip(columns, fields).filter { !$0.0.isEmpty }.map { JSONMember($0, $1.isEmpty ? .null : JSONValue($1)) })),
        place: place)
    }
  }
}

extension CorpusFormat {
  /// What separates the fields of a record; nil for other files.
  var separator: UInt8? {
    switch self {
    case .csv: UInt8(ascii: ",")
    case .tsv: UInt8(ascii: "\t")
    default: nil
    }
  }
}

/// The records of a file of delimited values, byte by byte.
private struct Records: ~Copyable {
  struct Record {
    let fields: [String]
    let place: String
  }

  private enum State {
    case fieldStart, unquoted, quoted, afterQuote
  }

  private let path: String
  private let separator: UInt8
  private var reader: SourceReader
  private var buffer: [UInt8] = []
  private var index = 0
  private var line = 1
  /// The bytes of the record's fields, one after the other, and where each ends.
  private var text: [UInt8] = []
  private var ends: [Int] = []

  private static let quote = UInt8(ascii: "\"")
  private static let longestRecord = 1 << 28

  init(_ path: String, separator: UInt8) throws(Failure) {
    var reader = try SourceReader(path)
    var buffer: [UInt8] = []
    _ = try reader.read(into: &buffer)
    self.path = path
    self.separator = separator
    self.reader = reader
    self.buffer = buffer
    if buffer.starts(with: TextDocuments.byteOrderMark) { index = 3 }
  }

  consuming func finish() throws(Failure) -> String { try reader.finish() }

  /// The next record that is no line of blanks; nil at the end of the file.
  mutating func next() throws(Failure) -> Record? {
    while let record = try read() {
      if record.fields.count > 1 || record.fields[0].contains(where: { $0 != " " && $0 != "\t" }) { return record }
    }
    return nil
  }

  private mutating func read() throws(Failure) -> Record? {
    (text, ends) = ([], [])
    let first = line
    var (state, opened) = (State.fieldStart, line)
    guard try hasMore() else { return nil }
    while try hasMore() {
      let byte = buffer[index]
      index += 1
      if byte == 0x0a { line += 1 }
      let endsRecord = byte == 0x0a || byte == 0x0d
      switch state {
      case .quoted where byte == Self.quote: state = .afterQuote
      case .quoted: try append(byte, opened)
      case .afterQuote where byte == Self.quote:
        try append(byte, opened)
        state = .quoted
      case .fieldStart where byte == Self.quote: (state, opened) = (.quoted, line)
      case _ where byte == separator:
        ends.append(text.count)
        state = .fieldStart
      case _ where endsRecord:
        try endLine(byte)
        return try record(at: first)
      case .afterQuote: throw unexpected()
      case .fieldStart, .unquoted:
        try append(byte, opened)
        state = .unquoted
      }
    }
    if state == .quoted {
      throw Failure(
        .data, "a quoted field is never closed", at: "\(path):\(opened)", notes: ["it begins in this line", quoting])
    }
    return try record(at: first)
  }

  /// Whether there is another byte, which is then in the buffer.
  private mutating func hasMore() throws(Failure) -> Bool {
    if index < buffer.count { return true }
    buffer.removeAll(keepingCapacity: true)
    index = 0
    return try reader.read(into: &buffer)
  }

  private mutating func append(_ byte: UInt8, _ opened: Int) throws(Failure) {
    text.append(byte)
    if text.count > Self.longestRecord {
      throw Failure(
        .data, "a record is longer than 256 MiB", at: "\(path):\(opened)", notes: ["a quote may be missing"])
    }
  }

  /// Steps over the second half of CR LF.
  private mutating func endLine(_ byte: UInt8) throws(Failure) {
    if byte == 0x0d {
      line += 1
      if try hasMore(), buffer[index] == 0x0a { index += 1 }
    }
  }

  private func unexpected() -> Failure {
    Failure(
      .data, "text follows the closing quote of a field", at: "\(path):\(line)",
      notes: [
        "a quote inside a quoted field is written twice, and a field is quoted as a whole (RFC 4180)", quoting,
      ])
  }

  /// What to do with a file whose quotes are characters like others, as in many a .tsv.
  private var quoting: String {
    let isTabbed = separator == UInt8(ascii: "\t")
    let options = isTabbed ? ", delimiter=\"\\t\"" : ""
    let command = DelimitedRows.conversion(
      of: path, to: isTabbed ? "quoted.tsv" : "quoted.csv", reader: "\(options), quoting=csv.QUOTE_NONE",
      writer: options)
    return "where quotes are no more than characters of the text: \(command)"
  }

  private mutating func record(at line: Int) throws(Failure) -> Record {
    ends.append(text.count)
    try TextEncoding.check(text[...], line: line, of: path)
    var (fields, start) = ([String](), 0)
    for end in ends {
      fields.append(String(decoding: text[start..<end], as: UTF8.self))
      start = end
    }
    return Record(fields: fields, place: "\(path):\(line)")
  }
}
