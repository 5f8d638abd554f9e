import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Files as they are found: those of other projects, and large ones.
@Suite struct TuningFileTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// The path of a file below the shared folder.
  private func path(_ name: String) throws -> String { try #require(SharedData.url(name)).path }

  @Test(
    .needsSharedData("sft"),
    arguments: [
      ("sft-rasbt/instruction-data.json", 1100, 1100), ("sft-rasbt/instruction-examples.json", 200, 200),
      ("sft-rasbt/instruction-data-with-response.json", 110, 110), ("sft-gsm8k/train.jsonl", 7473, 7473),
      ("sft-gsm8k/test.jsonl", 1319, 1319), ("sft-gsm8k/test_socratic.jsonl", 1319, 1319),
      ("sft-llamafactory/alpaca_en_demo.json", 999, 999), ("sft-llamafactory/identity.json", 91, 91),
      ("sft-llamafactory/glaive_toolcall_en_demo.json", 300, 300), ("sft-torchtune-tiny/alpaca_tiny.json", 100, 100),
      ("sft-torchtune-tiny/instruct_tiny.json", 2, 2), ("sft-torchtune-tiny/chat_tiny.json", 1, 1),
      ("sft-dolly-openqa/chinkara-open_qa.jsonl", 3742, 3742), ("sft-wikisql-mlx/train.jsonl", 1000, 1000),
    ])
  func instructionFilesAreRead(name: String, rows: Int, used: Int) throws {
    let data = try InstructionData.open(
      [path("sft/\(name)")], settings: .init(maximumLength: 1 << 20), format: .bytes(.chatML))
    #expect(data.summary.rows == rows && data.examples.count == used, "\(data.summary.drops)")
    #expect(data.summary.used == used && data.examples.lengths.max() == data.summary.longest)
    for index in 0..<data.examples.count { #expect(data.examples[index].isTrained.contains(true)) }
  }

  @Test(
    .needsSharedData("dpo"),
    arguments: [
      ("dpo-rasbt/instruction-data-with-preference.json", 1100, 1094),
      ("dpo-llamafactory/dpo_en_demo.json", 300, 300), ("dpo-llamafactory/dpo_zh_demo.json", 300, 300),
      ("dpo-hh-rlhf/helpful-base-test.jsonl.gz", 2354, 2352),
      ("dpo-hh-rlhf/helpful-rejection-sampled-test.jsonl.gz", 2749, 2717),
    ])
  func preferenceFilesAreRead(name: String, rows: Int, used: Int) throws {
    let data = try PreferenceData.open(
      [path("dpo/\(name)")], settings: .init(maximumLength: 1 << 20), format: .bytes(.chatML))
    #expect(data.summary.rows == rows && data.count == used, "\(data.summary.drops)")
    for index in 0..<data.count { #expect(Array(data[index].chosen) != Array(data[index].rejected)) }
  }

  @Test(.needsSharedData("dpo"))
  func unpairedPreferencesAreRead() throws {
    let data = try UnpairedPreferenceData.open(
      [path("dpo/dpo-llamafactory/kto_en_demo.json")], settings: .init(maximumLength: 1 << 20),
      format: .bytes(.plain))
    #expect(data.count == 300 && data.labels.contains(true) && data.labels.contains(false))
  }

  /// A data set's folder as it is published: what holds no rows is left out, and named.
  @Test func aFolderOfRowsMayHaveAReadme() throws {
    for (name, text) in [
      ("LICENSE", "Permission is granted"), ("README.md", "[![badge](a)](b)"),
      ("rows.jsonl", #"{"prompt": "a", "completion": "b"}"#),
    ] {
      try FileManager.default.createDirectory(at: folder.url("set"), withIntermediateDirectories: true)
      try folder.write(text, to: "set/\(name)")
    }
    let settings = TuningSettings(maximumLength: 64)
    let data = try InstructionData.open([folder("set")], settings: settings, format: .bytes(.plain))
    #expect(data.examples.count == 1 && data.summary.rows == 1)
    #expect(
      data.summary.warnings == [
        "files without rows are left out: \(folder("set/LICENSE")), \(folder("set/README.md"))"
      ])
    #expect(try RowKind(of: [folder("set")]) == .conversation)
    // A file that is named is meant.
    let failure = refusal {
      _ = try InstructionData.open([folder("set/LICENSE")], settings: settings, format: .bytes(.plain))
    }
    #expect(failure?.what == "no rows of JSON")
    #expect(refusal { try ConversationFile.check([folder("set/LICENSE")], format: nil) } == failure)
    #expect(refusal { try ConversationFile.check([folder("set")], format: nil) } == nil)
  }

  /// 50 MB are read in seconds, as lines and as one array, with a row of a megabyte and a bad one among them.
  @Test func largeFilesAreReadFast() throws {
    let row = #"{"instruction": "Say \"é\" \#(String(repeating: "and again ", count: 20))", "output": "\u00e9\n."}"#
    let long = #"{"text": "\#(String(repeating: "long ", count: 200_000))"}"#
    let count = 50_000_000 / (row.utf8.count + 1)
    var rows = [String](repeating: row, count: count)
    rows[7] = "{}"
    rows[count / 2] = long
    for (name, text) in [
      ("rows.jsonl", rows.joined(separator: "\n")), ("rows.json", "[\(rows.joined(separator: ",\n"))]"),
    ] {
      let path = try folder.write(text, to: name)
      let clock = ContinuousClock()
      let start = clock.now
      let data = try InstructionData.open(
        [path], settings: .init(maximumLength: 512), format: .bytes(.plain))
      let elapsed = clock.now - start
      print("\(name): \(text.utf8.count) bytes in \(elapsed)")
      #expect(data.examples.count == count - 1 && data.summary.truncated == 1)
      #expect(data.summary.drops[0].places == ["\(path):8"])
      #expect(elapsed < .seconds(60))
    }
  }

  /// Whatever is cut off or changed: an error or fewer rows, never a crash.
  @Test func damagedFilesAreErrorsOrFewerRows() throws {
    let row =
      #"{"messages": [{"role": "user", "content": "a\u00e9"}, {"role": "assistant", "content": "b"}], "label": true}"#
    let pair = #"{"prompt": "\n\nHuman: a\n\nAssistant:", "chosen": "b", "rejected": [{"from": "gpt", "value": "c"}]}"#
    let text = Array("[\(row),\n \(pair)]".utf8)
    let format = try ChatFormat.bytes(.plain)
    var generator = SeededGenerator(seed: 8)
    for round in 0..<3000 {
      var bytes = text
      if round % 2 == 0 { bytes.removeLast(Int(generator.next() % UInt64(bytes.count))) }
      for _ in 0..<(round % 5) {
        bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      let path = try folder.write(bytes, to: "rows.json")
      let settings = TuningSettings(maximumLength: 16)
      for open in [
        { _ = try InstructionData.open([path], settings: settings, format: format) },
        { _ = try PreferenceData.open([path], settings: settings, format: format) },
        { _ = try UnpairedPreferenceData.open([path], settings: settings, format: format) },
      ] {
        do { try open() } catch let error as Failure { #expect(error.exitCode == 4, "\(error)") }
      }
    }
  }
}
