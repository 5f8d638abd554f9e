import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Folders, and files that are no data: named, with the command that makes data of them.
@Suite struct ForeignDataTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func open(_ paths: [String]) throws -> TokenStream {
    try PretrainingData.open(
      .init(train: paths), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache")
    ).train
  }

  private func run(_ command: String) throws {
    #expect(try Shell.run(command) == 0, "\(command)")
  }

  /// Text in another encoding: the command in the message, run as it is, makes a file that can be read.
  @Test(arguments: [
    ("latin1", "the text is not UTF-8", "Latin-1"), ("cp1252", "the text is not UTF-8", "Windows-1252"),
    ("utf-16", "text in UTF-16", ""), ("utf-16le", "text in UTF-16", ""), ("utf-16be", "text in UTF-16", ""),
  ])
  func theCommandInTheMessageConvertsTheFile(_ code: String, _ what: String, _ note: String) throws {
    let text = code == "latin1" ? "caf\u{E9} and \u{FC}ber\n" : "caf\u{E9} \u{201C}and\u{201D} \u{FC}ber\n"
    try folder.write(text, to: "good.txt")
    try run("iconv -f utf-8 -t \(code) \(folder("good.txt")) > \"\(folder("it's.txt"))\"")
    let failure = try #require(refusal { _ = try open([folder("it's.txt")]) })
    #expect(failure.what == what && failure.exitCode == 4)
    #expect(failure.notes.contains { $0.contains(note) } || note.isEmpty, "\(failure)")
    let command = try #require(failure.notes.first { $0.hasPrefix("convert it: ") }).dropFirst("convert it: ".count)
    try run(String(command))
    let converted = try open([folder("it's.utf8.txt")])
    #expect(try converted.tokens(0..<converted.count) == text.utf8.map(Int32.init))
  }

  /// Far behind what is looked at first, in the middle of a megabyte.
  @Test func aWrongByteIsFoundWhereverItIs() throws {
    let line = String(repeating: "words and words ", count: 60)
    var bytes = Array(String(repeating: "\(line)\n", count: 2000).utf8)
    bytes[1_500_000] = 0xe9
    let failure = refusal { _ = try open([folder.write(bytes, to: "a.txt")]) }
    #expect(
      failure?.place == "\(folder("a.txt")):\(1_500_000 / (line.utf8.count + 1) + 1)", "\(failure.debugDescription)")
    // A character across the edge of what is looked at first is none.
    let text = String(repeating: "é", count: 40_000)
    #expect(try open([folder.write("a" + text, to: "b.txt")]).count == 80_001)
  }

  /// Letters of other scripts would become other letters by a command for Latin ones, without an error.
  @Test func textInAnotherScriptIsNotTakenForLatin() throws {
    try folder.write("\u{41F}\u{440}\u{438}\u{432}\u{435}\u{442}, \u{43C}\u{438}\u{440}\n", to: "good.txt")
    try run("iconv -f utf-8 -t cp1251 \(folder("good.txt")) > \(folder("a.txt"))")
    let failure = try #require(refusal { _ = try open([folder("a.txt")]) })
    #expect(
      failure.notes.last?.hasSuffix("iconv -f ENCODING -t utf-8 \(folder("a.txt")) > \(folder("a.utf8.txt"))") == true)
  }

  /// The first letters of a format are letters of a text as well.
  @Test(arguments: ["ORCS live in the hills", "BZhulia, a name", "PAR1S in Texas", "ARROW1 and arrow 2"])
  func textThatBeginsLikeAFormatIsText(_ text: String) throws {
    #expect(try open([folder.write(text, to: "a.txt")]).count == text.utf8.count)
  }

  @Test func aZipArchiveIsWhatItsNameSays() throws {
    let bytes: [UInt8] = [0x50, 0x4b, 3, 4, 0, 0]
    for (name, what, remedy) in [
      ("a.XLSX", "a workbook of Excel", "pandas.read_excel("), ("a.npz", "arrays of NumPy", "astype(numpy.uint16)"),
      ("essay.docx", "a document of Word", "pandoc -t plain"), ("b.epub", "a book in EPUB", "pandoc -t plain"),
      ("t.pptx", "slides of PowerPoint", "save their text"),
    ] {
      let failure = refusal { _ = try open([folder.write(bytes, to: name)]) }
      #expect(failure?.what == what && failure?.notes.first?.contains(remedy) == true, "\(failure.debugDescription)")
    }
  }

  @Test(arguments: [
    (Array("PAR1\u{15}\0".utf8), "a Parquet file", "python3 -c 'import pandas; pandas.read_parquet("),
    (Array("ARROW1\0\0".utf8), "an Arrow file", "pandas.read_feather("),
    (
      [0xff, 0xff, 0xff, 0xff, 0x78, 0], "an Arrow stream, as Hugging Face's datasets keeps it",
      "datasets.Dataset.from_file("
    ),
    ([0x80, 4, 0x95, 0], "a pickle of Python", "pandas.read_pickle("),
    ([0x93] + Array("NUMPY\u{1}\0".utf8), "an array of NumPy", "astype(numpy.uint16)"),
    ([0x50, 0x4b, 3, 4, 0, 0], "a zip archive", "unzip "),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "a file compressed by xz", "xz -dc"),
    (Array("BZh91AY&SY\0".utf8), "a file compressed by bzip2", "bzip2 -dc"),
    (Array("%PDF-1.7".utf8), "a PDF file", "pdftotext"),
    (Array("{\\rtf1 Once}".utf8), "a document in RTF", "pandoc -t plain"),
    ([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1], "a document of an old Office", "save it as text"),
    ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], "a picture", "name the text"),
    ([0xff, 0xd8, 0xff, 0xe0, 0, 0x10], "a picture", "name the text"),
    (Array(repeating: 0x61, count: 257) + Array("ustar".utf8) + [0, 0], "an archive of tar", "tar -xf"),
  ])
  func foreignFilesAreNamed(_ bytes: [UInt8], _ what: String, _ remedy: String) throws {
    let failure = refusal { _ = try open([folder.write(bytes, to: "a.data")]) }
    #expect(failure?.what == what && failure?.place == folder("a.data"))
    #expect(failure?.notes.contains { $0.contains(remedy) } == true, "\(failure.debugDescription)")
  }

  /// The text has the name of its document, and is not written over it.
  @Test(arguments: [
    ("essay.rtf", " -o DIR/essay.txt DIR/essay.rtf"), ("notes.txt", " -o DIR/notes.plain.txt DIR/notes.txt"),
    ("v1.2/letter", " -o DIR/v1.2/letter.txt DIR/v1.2/letter"),
  ])
  func theTextOfADocumentHasItsName(_ name: String, _ ending: String) throws {
    try FileManager.default.createDirectory(at: folder.url("v1.2"), withIntermediateDirectories: true)
    let failure = refusal { _ = try open([folder.write("{\\rtf1 Once}", to: name)]) }
    let note = try #require(failure?.notes.first)
    #expect(note.hasSuffix(ending.replacing("DIR", with: folder.path)) && note.contains(" -f rtf "), "\(note)")
  }

  /// Programs take no compressed files: each is unpacked first, under a name that is not its own.
  @Test(arguments: [
    ("a.rtf.gz", "{\\rtf1 Once}", ["gzip -dc DIR/a.rtf.gz > DIR/a.rtf", "-o DIR/a.txt DIR/a.rtf"]),
    ("packed", "%PDF-1.7", ["gzip -dc DIR/packed > DIR/packed.unpacked", "pdftotext DIR/packed.unpacked"]),
    ("a.parquet.gz", "PAR1\u{15}\0", ["gzip -dc ", "pandas.read_parquet(\"DIR/a.parquet\")"]),
    ("o.json.gz", "{\n  \"a\": 1\n}\n", ["gzip -dc DIR/o.json.gz | jq -c . > DIR/o.jsonl", "data.format=text"]),
  ])
  func whatIsCompressedIsUnpackedFirst(_ name: String, _ text: String, _ remedies: [String]) throws {
    try folder.write(text, to: "plain")
    try run("gzip -c \(folder("plain")) > \(folder(name))")
    let failure = try #require(refusal { _ = try open([folder(name)]) })
    #expect(failure.notes.count == 2, "\(failure)")
    for (note, remedy) in zip(failure.notes, remedies) {
      #expect(note.contains(remedy.replacing("DIR", with: folder.path)), "\(failure)")
    }
  }

  // MARK: Folders

  @Test func aFolderIsAllItsFilesInOrder() throws {
    for name in ["b/2.txt", "a.txt", "b/1.txt", ".hidden", "b/.git/x", "c/d/e.txt"] {
      try FileManager.default.createDirectory(
        at: folder.url("books/\(name)").deletingLastPathComponent(), withIntermediateDirectories: true)
      try folder.write(String(name.suffix(5)), to: "books/\(name)")
    }
    for path in [folder("books"), folder("books/")] {
      let stream = try open([path])
      let texts = try stream.tokens(0..<stream.count).split(separator: 256).map {
        String(decoding: $0.map { UInt8($0) }, as: UTF8.self)
      }
      #expect(texts == ["a.txt", "1.txt", "2.txt", "e.txt"].map { String($0.suffix(5)) })
    }
    try folder.write([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0], to: "books/cover.png")
    #expect(refusal { _ = try open([folder("books")]) }?.place == folder("books/cover.png"))
  }

  @Test func emptyFilesOfAFolderAreNone() throws {
    for name in ["code/__init__.py", "code/main.py"] {
      try FileManager.default.createDirectory(at: folder.url("code"), withIntermediateDirectories: true)
      try folder.write(name.hasSuffix("main.py") ? "print()" : "", to: name)
    }
    let stream = try open([folder("code")])
    #expect(try stream.tokens(0..<stream.count).filter { $0 != 256 } == Array("print()".utf8).map(Int32.init))
    #expect(try open([folder("code/*.py")]).count == 7)
    #expect(refusal { _ = try open([folder("code/_*.py")]) }?.what == "no file matches the pattern")
    #expect(refusal { _ = try open([folder("code/__init__.py")]) }?.what == "the file is empty")
  }

  /// As Python's glob with `recursive` reads it: the C library takes `**` for `*`.
  @Test func twoStarsStandForFolders() throws {
    for name in ["a.txt", "b/c.txt", "b/d[1]/e.txt", "b/d[1]/f.md", ".git/g.txt"] {
      let url = folder.url("deep/\(name)")
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try folder.write("x", to: "deep/\(name)")
    }
    for (pattern, count) in [
      ("deep/**/*.txt", 3), ("deep/**", 4), ("deep/**/d*/*.txt", 1), ("deep/**/**/*.txt", 3), ("**/e.txt", 1),
    ] {
      #expect(try open(["\(folder.path)/\(pattern)"]).count == 2 * count - (count == 1 ? 1 : 0), "\(pattern)")
    }
    #expect(refusal { _ = try open(["\(folder.path)/deep**.txt"]) }?.what == "** stands between slashes")
  }

  @Test func aFolderWithoutFilesAndACircleAreRefused() throws {
    try FileManager.default.createDirectory(at: folder.url("empty"), withIntermediateDirectories: true)
    #expect(refusal { _ = try open([folder("empty")]) }?.what == "the folder has no files")
    for name in ["one", "two"] {
      try FileManager.default.createSymbolicLink(
        atPath: folder("empty/\(name)"), withDestinationPath: folder("empty"))
    }
    let failure = refusal { _ = try open([folder("empty")]) }
    #expect(failure?.what == "there are too many folders or files below the folder")
  }

  @Test func quotesThatWereMeantForTheShellAreNamed() throws {
    try folder.write("a", to: "a.txt")
    let failure = refusal { _ = try open(["'\(folder.path)/*.txt'"]) }
    #expect(failure?.notes.first == "the quotes are part of the name here: leave them out, \(folder.path)/*.txt")
  }

  @Test func listsThatAreNotJSONAreNamed() throws {
    try folder.write("a", to: "a.txt")
    for list in ["[\(folder("a.txt")),\(folder("a.txt"))]", "['a.txt']", "\(folder("a.txt")),b.txt"] {
      let failure = refusal { _ = try open([list]) }
      #expect(failure?.notes.first?.hasPrefix("several files are a list") == true, "\(failure.debugDescription)")
    }
    #expect(refusal { _ = try open(["a,b.txt"]) }?.notes.first?.hasPrefix("several files") == false)
  }
}
