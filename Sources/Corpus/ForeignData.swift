import Files

/// Files that hold data in a form that is not read, told by their first bytes, with the command that makes of them what is.
struct ForeignData: Equatable {
  private enum Remedy: Equatable {
    /// A command that writes the unpacked file to its output.
    case unpack(String)
    /// An encoding to convert from.
    case convert(String)
    /// A function of pandas that reads the table.
    case table(String)
    /// The class `Dataset` of Hugging Face's datasets reads it.
    case dataset
    /// The beginning of a command that takes the path.
    case command(String)
    /// pandoc takes its text; the format where the name may not say it.
    case document(String? = nil)
    case say(String)
  }

  private let what: String
  private let remedy: Remedy

  private typealias Kinds = [(magic: [UInt8], what: String, remedy: Remedy)]

  private static let kinds: Kinds = [
    ([0xff, 0xff, 0xff, 0xff], "an Arrow stream, as Hugging Face's datasets keeps it", .dataset),
    ([0x89, 0x48, 0x44, 0x46], "an HDF5 file", .say("data is text, JSON, CSV or token shards")),
    (Array("SQLite format 3\0".utf8), "a SQLite database", .say("export a table: sqlite3 -json FILE 'select ...'")),
    (Array("%PDF-".utf8), "a PDF file", .command("take its text: pdftotext")),
    (Array("{\\rtf".utf8), "a document in RTF", .document("rtf")),
    (
      [0xd0, 0xcf, 0x11, 0xe0], "a document of an old Office",
      .say("save it as text, or a table as CSV, where it was written")
    ),
    ([0x89, 0x50, 0x4e, 0x47], "a picture", picture), ([0xff, 0xd8, 0xff], "a picture", picture),
    ([0x50, 0x4b, 3, 4], zipArchive, .command("unpack it and name its files or its folder: unzip")),
    ([0x37, 0x7a, 0xbc, 0xaf], "an archive of 7-Zip", .command("unpack it and name its files or its folder: 7z x")),
    ([0xfd, 0x37, 0x7a, 0x58], "a file compressed by xz", .unpack("xz -dc")),
    ([0x04, 0x22, 0x4d, 0x18], "a file compressed by lz4", .unpack("lz4 -dc")),
    ([0x1f, 0x8b], "a file compressed twice", .unpack("gzip -dc")),
    ([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], "an array of NumPy", tokens),
    ([0x80, 2], pickle, .table("read_pickle")), ([0x80, 3], pickle, .table("read_pickle")),
    ([0x80, 4], pickle, .table("read_pickle")), ([0x80, 5], pickle, .table("read_pickle")),
    ([0xff, 0xfe], "text in UTF-16", .convert("utf-16")), ([0xfe, 0xff], "text in UTF-16", .convert("utf-16")),
  ]

  /// Those that begin with letters, as text may: they have control characters, too, which text does not.
  private static let lettered: Kinds = [
    (Array("PAR1".utf8), "a Parquet file", .table("read_parquet")),
    (Array("ARROW1".utf8), "an Arrow file", .table("read_feather")),
    (Array("ORC".utf8), "an ORC file", .table("read_orc")),
    (Array("BZh".utf8), "a file compressed by bzip2", .unpack("bzip2 -dc")),
  ]

  /// Zip archives that programs keep their files in, told by their names.
  private static let zipped: [(ending: String, what: String, remedy: Remedy)] = [
    (".xlsx", "a workbook of Excel", .table("read_excel")), (".ods", "a spreadsheet", .table("read_excel")),
    (".npz", "arrays of NumPy", tokens), (".docx", "a document of Word", .document()),
    (".odt", "a document of LibreOffice", .document()), (".epub", "a book in EPUB", .document()),
    (".pptx", "slides of PowerPoint", .say("save their text, as an outline for instance, where they were written")),
  ]

  private static let picture = Remedy.say("of a folder with other things name the text: a pattern like 'texts/*.txt'")

  private static let zipArchive = "a zip archive"
  private static let pickle = "a pickle of Python"
  private static let tokens = Remedy.say(
    "write token ids without a header: array.astype(numpy.uint16).tofile(FILE), read by data.format = \"uint16\"")

  /// Nil where nothing in the beginning of a file speaks against text.
  init?(_ head: [UInt8]) {
    let hasControls = head.contains { $0 < 0x09 || (0x0e..<0x20).contains($0) }
    let known = Self.kinds + (hasControls ? Self.lettered : [])
    if let kind = known.first(where: { head.starts(with: $0.magic) }) {
      (what, remedy) = (kind.what, kind.remedy)
      return
    }
    if head.count >= 262, head[257..<262].elementsEqual("ustar".utf8) {
      (what, remedy) = ("an archive of tar", .command("unpack it and name its files or its folder: tar -xf"))
      return
    }
    guard head.contains(0) else { return nil }
    // Most letters of UTF-16 have a byte of zero, always the first or always the second one. So have small token ids, which are
    // no letters, however.
    let zeros = [0, 1].map { parity in head.indices.count { $0 % 2 == parity && head[$0] == 0 } }
    let letters = head.count { $0 >= 0x20 || (0x09...0x0d).contains($0) }
    if zeros.max()! * 4 > head.count, zeros.min() == 0, letters * 5 > (head.count - zeros.max()!) * 4 {
      (what, remedy) = ("text in UTF-16", .convert(zeros[0] == 0 ? "utf-16le" : "utf-16be"))
    } else {
      what = "neither text nor a token shard"
      remedy = .say(
        "it has zero bytes, and text is UTF-8; nanoGPT's token files need data.format = \"uint16\"")
    }
  }

  /// The failure of the file at `path`.
  func failure(at path: String) -> Failure {
    let compression = try? SourceReader.compression(of: path)
    let file = compression == nil ? path : path.unpackedName
    let program = Self.zipped.first { file.lowercased().hasSuffix($0.ending) }
    let (what, remedy) =
      self.what == Self.zipArchive
      ? (program?.what ?? self.what, program?.remedy ?? self.remedy) : (self.what, self.remedy)
    guard let compression else { return Failure(.data, what, at: path, notes: [Self.note(remedy, on: path)]) }
    let unpacking = "unpack it first: \(compression.unpacking) \(path.shellWord) > \(file.shellWord)"
    let notes =
      switch remedy {
      // What is inside is looked at anew.
      case .unpack: [unpacking]
      case .convert, .say: [Self.note(remedy, on: path)]
      case .command, .document, .table, .dataset: [unpacking, Self.note(remedy, on: file)]
      }
    return Failure(.data, what, at: path, notes: notes)
  }

  private static func note(_ remedy: Remedy, on path: String) -> String {
    switch remedy {
    case .unpack(let command): "unpack it: \(command) \(path.shellWord) > \(path.withoutEnding.shellWord)"
    case .convert(let code): "convert it: \(TextEncoding.conversion(of: path, from: code))"
    case .table(let function):
      "convert it: "
        + conversion(of: path, "import pandas; pandas.\(function)", "orient=\"records\", lines=True, force_ascii=False")
    case .dataset: "convert it: " + conversion(of: path, "import datasets; datasets.Dataset.from_file")
    case .document(let format):
      "take its text: pandoc -t plain --wrap=none \(format.map { "-f \($0) " } ?? "")-o \(text(of: path).shellWord) "
        + path.shellWord
    case .command(let command): "\(command) \(path.shellWord)"
    case .say(let text): text
    }
  }

  /// The path for the text of a document, which is not that of the document.
  private static func text(of path: String) -> String {
    let dot = path.lastIndex(of: ".").flatMap { $0 > path.startIndex && !path[$0...].contains("/") ? $0 : nil }
    let stem = path[..<(dot ?? path.endIndex)]
    return "\(stem).txt" == path ? "\(stem).plain.txt" : "\(stem).txt"
  }

  /// A line of Python that writes the table as JSON, a row a line.
  private static func conversion(of path: String, _ reader: String, _ options: String? = nil) -> String {
    let (source, target) = (quoted(path), quoted("\(path.withoutEnding).jsonl"))
    let line = "\(reader)(\(source)).to_json(\(target)\(options.map { ", \($0)" } ?? ""))"
    return "python3 -c '\(line.replacing("'", with: "'\\''"))'"
  }

  /// The text as a literal of Python.
  private static func quoted(_ text: String) -> String { JSONValue(text).serialized() }
}

extension String {
  /// The path without what follows the last dot of its file's name.
  fileprivate var withoutEnding: String {
    guard let dot = lastIndex(of: "."), !self[dot...].contains("/"), dot > startIndex else { return "\(self).data" }
    return String(self[..<dot])
  }
}
