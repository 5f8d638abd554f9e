import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Comma- and tab-separated values, as pandas reads them.
@Suite struct DelimitedFileTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func documents(_ bytes: [UInt8], _ name: String = "a.csv", onError: RowErrorPolicy = .stop) throws -> [String]
  {
    let path = try folder.write(bytes, to: name)
    let stream = try PretrainingData.open(
      .init(train: [path]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"),
      options: .init(onError: onError)
    ).train
    return try stream.tokens(0..<stream.count).split(separator: 256).map {
      String(decoding: $0.map { UInt8($0) }, as: UTF8.self)
    }
  }

  /// Files and the column `text` of what pandas 2.3 makes of them: `read_csv(..., dtype=str, keep_default_na=False)`.
  static let files: [(file: String, texts: [String])] = [
    ("a,text\r\n1,one\r\n2,two\r\n", ["one", "two"]),
    ("a,text\n\"x, y\",\"say \"\"hi\"\"\"\n", ["say \"hi\""]),
    ("a,text\n1,\"two\r\nlines\nmore\"\n2,b\n", ["two\r\nlines\nmore", "b"]),
    ("\u{FEFF}text,b\né,2\n", ["é"]),
    ("text,b\n\n1,2\n\r\n3,4", ["1", "3"]),
    ("text,b\r1,2\r3,4\r", ["1", "3"]),
    ("text,b\na\"b,c\n", ["a\"b"]),
    ("text,b\n a , \"c\"\n", [" a "]),
    ("b,text\n1,\"z\"", ["z"]),
    ("text\na\n\nb\n", ["a", "b"]),
    // Lines of blanks are as good as empty, before the header as well.
    ("text,b\n1,2\n  \n3,4\r\n \r\n5,6\n  ", ["1", "3", "5"]), ("  \ntext\na\n \n b \n", ["a", " b "]),
    // pandas writes its index as a column without a name.
    (",text\n0,one\n1,two\n", ["one", "two"]), (",,text,\n0,0,one,\n", ["one"]),
    // Empty texts are no documents.
    ("text,b\n,x\n\"\",y\nc,z\n", ["c"]),
  ]

  @Test(arguments: files) func recordsAreThoseOfPandas(_ file: String, _ texts: [String]) throws {
    #expect(try documents(Array(file.utf8)) == texts)
    #expect(
      try documents(Array(file.replacing(",", with: "\t").utf8), "a.tsv") == texts.map { $0.replacing(",", with: "\t") }
    )
  }

  /// Longer than what is read at once, so that fields and quotes lie across its edge.
  @Test func recordsAcrossTheReadersEdgeAreWhole() throws {
    let field = String(repeating: "é\"\"\n,", count: 40_000)
    let rows = (0..<12).map { "\($0),\"\(field)\(String(repeating: "x", count: $0))\"" }
    let texts = (0..<12).map {
      field.replacing("\"\"", with: "\"") + String(repeating: "x", count: $0)
    }
    #expect(try documents(Array(("n,text\r\n" + rows.joined(separator: "\r\n")).utf8)) == texts)
  }

  /// A file, what is wrong with it, and the line of that.
  static let faults: [(file: String, what: String, line: Int)] = [
    ("a,text\n1,one\n2\n", "a record has another number of fields than the header", 3),
    ("a,text\n1,\"two\nlines\"\n2,two,3\n", "a record has another number of fields than the header", 4),
    ("a,text\n1,\"one\n2,two\n", "a quoted field is never closed", 2),
    ("a,text\n1,\"one\"x\n", "text follows the closing quote of a field", 2),
    ("a,a\n1,2\n", "two columns are called \"a\"", 1),
    (",\n1,2\n", "no column has a name", 1), ("a,b\n1,2\n", "the header has no column \"text\"", 1),
    ("a;b\n1;2\n", "the fields are separated by \";\"", 1), ("a\ttext\n1\t2\n", "the fields are separated by tabs", 1),
    ("sep=;\na;text\n", "the first line names no columns, but tells spreadsheets what separates them", 1),
    ("sep=,\na,text\n", "the first line names no columns, but tells spreadsheets what separates them", 1),
  ]

  @Test(arguments: faults) func faultsAreNamedWithTheirLine(_ file: String, _ what: String, _ line: Int) throws {
    let failure = refusal { _ = try documents(Array(file.utf8)) }
    #expect(failure?.what == what && failure?.exitCode == 4)
    // Those of the header are found without reading the records, but for the column, which the rows' kind decides.
    let early = refusal { _ = try PretrainingData.validate(.init(train: [folder("a.csv")])) }
    #expect(early == (line == 1 && !what.contains("no column \"text\"") ? failure : nil), "\(early.debugDescription)")
    #expect(failure?.place == "\(folder("a.csv")):\(line)")
  }

  @Test func raggedRecordsAreLeftOutIfThatIsWanted() throws {
    #expect(try documents(Array("text,b\n1,2\n3\n4,5\n".utf8), onError: .skip) == ["1", "4"])
  }

  /// The command in the message, run as it is, makes a file that can be read.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "python3 is needed"))
  func theCommandInTheMessageWritesCommas() throws {
    let failure = try #require(refusal { _ = try documents(Array("a;text\n1;\"x; y, z\"\n".utf8), "it's.csv") })
    let command = try #require(failure.notes.last).replacing("write commas: ", with: "")
    #expect(try Shell.run(command) == 0, "\(command)")
    let bytes = Array(try Data(contentsOf: folder.url("it's.commas.csv")))
    #expect(try documents(bytes) == ["x; y, z"])
  }

  /// So do the one for a compressed file, and the one for quotes that quote nothing, as in many a .tsv.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "python3 is needed"))
  func theCommandsForQuotesAndForCompressedFilesWork() throws {
    for text in ["\"Hello\" he said", "\"no end"] {
      let file = "id\ttext\n1\tone\n2\t\(text)\n"
      let failure = try #require(refusal { _ = try documents(Array(file.utf8), "a.tsv") })
      let command = try #require(failure.notes.last)
        .replacing("where quotes are no more than characters of the text: ", with: "")
      #expect(try Shell.run(command) == 0, "\(command)")
      let bytes = Array(try Data(contentsOf: folder.url("a.quoted.tsv")))
      #expect(try documents(bytes, "b.tsv") == ["one", text])
    }
    try folder.write("a;text\n1;x, y\n", to: "c.csv")
    #expect(try Shell.run("gzip c.csv", in: folder) == 0)
    let packed = try #require(
      refusal { _ = try PretrainingData.validate(.init(train: [folder("c.csv.gz")])) })
    let command = try #require(packed.notes.last).replacing("write commas: ", with: "")
    #expect(try Shell.run(command) == 0, "\(command)")
    let bytes = Array(try Data(contentsOf: folder.url("c.commas.csv")))
    #expect(try documents(bytes) == ["x, y"])
  }

  @Test func theTextMayHaveAnotherName() throws {
    let paths = [
      try folder.write("id,content\n1,a b\n", to: "a.csv"), try folder.write("{\"content\": \"a b\"}\n", to: "a.jsonl"),
    ]
    for path in paths {
      let stream = try PretrainingData.open(
        .init(train: [path]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"),
        options: .init(textColumn: "content")
      ).train
      #expect(try stream.tokens(0..<stream.count) == Array("a b".utf8).map(Int32.init) + [256])
      let failure = refusal {
        _ = try PretrainingData.open(
          .init(train: [path]), tokenizer: .bytes, vocabularySize: 257, cache: folder("cache"))
      }
      #expect(failure?.notes.contains { $0.contains("data.fields") } == true, "\(failure.debugDescription)")
    }
  }

  @Test func columnsAreTheKeysOfRows() throws {
    let path = try folder.write(
      "prompt,completion,system\n\"a, b\",c,\nd,e,f\n,e,f\nshort\n", to: "rows.csv")
    let data = try InstructionData.open([path], settings: .init(maximumLength: 64), format: .bytes(.plain))
    #expect(data.summary.rows == 4 && data.examples.count == 2)
    #expect(Set(data.summary.drops.flatMap(\.places)) == ["\(path):4", "\(path):5"])
    #expect(data.summary.drops.contains { $0.reason == "a record has another number of fields than the header" })
    let lines = try folder.write(
      "{\"prompt\": \"a, b\", \"completion\": \"c\"}\n{\"prompt\": \"d\", \"completion\": \"e\", \"system\": \"f\"}\n",
      to: "rows.jsonl")
    let same = try InstructionData.open([lines], settings: .init(maximumLength: 64), format: .bytes(.plain))
    #expect(data.examples == same.examples)
    let renamed = try InstructionData.open(
      [folder.write("q\tr\na\tb\n", to: "rows.tsv")],
      settings: .init(fields: ["question": "q", "answer": "r"], maximumLength: 64), format: .bytes(.plain))
    #expect(renamed.examples.count == 1)
  }

  @Test func pairsLabelsAndMessagesAreKnown() throws {
    let pairs = try folder.write("prompt,chosen,rejected\na,b,c\n", to: "pairs.csv")
    #expect(try PreferenceData.open([pairs], settings: .init(maximumLength: 64), format: .bytes(.plain)).count == 1)
    #expect(try RowKind(of: [pairs]) == .pair)
    let labels = try folder.write("prompt,completion,label\na,b,True\na,c,0\na,d,perhaps\n", to: "labels.csv")
    let judged = try UnpairedPreferenceData.open([labels], settings: .init(maximumLength: 64), format: .bytes(.plain))
    #expect(judged.labels == [true, false])
    let messages = #"[{""role"": ""user"", ""content"": ""a""}, {""role"": ""assistant"", ""content"": ""b""}]"#
    let turns = try folder.write("messages\n\"\(messages)\"\nnone\n", to: "turns.csv")
    let data = try InstructionData.open([turns], settings: .init(maximumLength: 64), format: .bytes(.plain))
    #expect(data.examples.count == 1 && data.summary.rows == 2)
  }

  /// Whatever is cut off or changed: an error or other rows, never a crash.
  @Test func damagedFilesNeverTrap() throws {
    let text = Array("a,text\r\n1,\"x\"\"y\nz\"\r\n\"é\",b\r\n".utf8)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<1000 {
      var bytes = text
      bytes.removeLast(Int(generator.next() % 8))
      for _ in 0..<2 {
        bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      let path = try folder.write(bytes, to: "rows.csv")
      if let failure = refusal({ _ = try RowKind(of: [path]) }) { #expect(failure.exitCode == 4, "\(failure)") }
      let failure = refusal {
        _ = try InstructionData.open([path], settings: .init(maximumLength: 16), format: .bytes(.plain))
      }
      if let failure { #expect(failure.exitCode == 4, "\(failure)") }
    }
  }
}
