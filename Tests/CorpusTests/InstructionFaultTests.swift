import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Rows that cannot be used.
extension InstructionDataTests {
  @Test(arguments: [
    ("7", "the row is no JSON object"),
    (
      #"{"prompt": {"0": "a", "1": "b"}, "completion": {"0": "c", "1": "d"}}"#,
      "the row is a table by columns, as pandas writes it by default"
    ),
    (#"{"a": 1}"#, "the row has none of the known forms"),
    (#"{"messages": "x"}"#, "\"messages\" is no list of messages"),
    (#"{"messages": []}"#, "\"messages\" is empty"),
    (#"{"messages": [7]}"#, "a message is no object"),
    (#"{"messages": [{"content": "x"}]}"#, "a message has no role"),
    (
      #"{"messages": [{"role": "narrator", "content": "x"}, {"role": "assistant", "content": "x"}]}"#,
      "the chat template refuses the turns: no turns of role narrator"
    ),
    (#"{"messages": [{"role": "user", "content": null}]}"#, "a message has no content"),
    (#"{"messages": [{"role": "user", "content": 7}]}"#, "a message's content is no text"),
    (
      #"{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}"#,
      "a message's content has parts that are no text"
    ),
    (
      #"{"messages": [{"role": "user", "content": "x", "train": 2}]}"#,
      "a message's \"train\" is neither true nor false, 1 nor 0"
    ),
    (
      #"{"messages": [{"role": "user", "content": "x", "weight": 0.5}]}"#,
      "a message's \"weight\" is neither true nor false, 1 nor 0"
    ),
    (#"{"conversations": [{"from": "function_call", "value": "f(x)"}]}"#, "a call of a tool is no JSON"),
    (#"{"conversations": [{"from": "function_call", "value": "{}"}]}"#, "a call of a tool has no name"),
    (#"{"question": "a", "answer": "b", "tools": "[{"}"#, "\"tools\" is a text that is no JSON"),
    (#"{"question": "a", "answer": "b", "chat_template_kwargs": 7}"#, "\"chat_template_kwargs\" is no object"),
    (
      #"{"question": "a", "answer": "b", "chat_template_kwargs": {"messages": []}}"#,
      "\"chat_template_kwargs\" has \"messages\", which it cannot set"
    ),
    (#"{"messages": [{"role": "user", "content": "x"}]}"#, "the row has no assistant turn"),
    (
      #"{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "x"}, {"role": "tool", "content": "x"}]}"#,
      "the chat template refuses the turns: no turns of role tool"
    ),
    (#"{"instruction": "x"}"#, "the row has no \"output\""),
    (#"{"instruction": "x", "output": 7}"#, "\"output\" is no string"),
    (#"{"instruction": "x", "output": "\n"}"#, "\"output\" is empty"),
    (#"{"instruction": "x", "output": "y", "history": ["a"]}"#, "\"history\" is no list of pairs of texts"),
    (#"{"text": ""}"#, "\"text\" is empty"),
    (#"{"chosen": "x", "rejected": "y"}"#, "a preference pair where an instruction is expected"),
    ("{\"text\": \"x}", "the line is no JSON"),
    (#"{"text": "x", "text": "y"}"#, "the line is no JSON"),
  ])
  func rowsThatCannotBeUsedAreCountedByReason(row: String, reason: String) throws {
    let good = #"{"question": "a", "answer": "b"}"#
    let data = try open("\(good)\n\(row)\n\(good)\n\(row)\n\(good)\n")
    #expect(data.examples.count == 3 && data.summary.rows == 5 && data.summary.used == 3)
    #expect(data.summary.drops.map(\.reason) == [reason])
    #expect(data.summary.drops[0].count == 2)
    #expect(data.summary.drops[0].places.map { $0.split(separator: ":")[1] } == ["2", "4"])
    let error = #expect(throws: Failure.self) { try open("\(good)\n\(row)\n", onError: .stop) }
    #expect(error?.what == reason && error?.exitCode == 4)
    #expect(error?.place?.hasPrefix("\(folder.path)/rows.jsonl:2") == true)
  }

  @Test func rowsOfAnArrayHaveTheirLines() throws {
    let rows = "[\n {\"question\": \"a\",\n  \"answer\": \"b\"},\n {\"question\": \"a\"},\n\n {\"text\": \"x\"}]"
    let data = try open(rows, name: "rows.json")
    #expect(data.examples.count == 2)
    #expect(data.summary.drops[0].places == ["\(folder.path)/rows.json:4"])
    let error = #expect(throws: Failure.self) { try open(rows + "x", name: "rows.json") }
    #expect(error?.place == "\(folder.path)/rows.json:6:16" && error?.exitCode == 4)
    let cut = #expect(throws: Failure.self) { try open(String(rows.dropLast(8)), name: "rows.json") }
    #expect(cut?.place?.contains("rows.json:6") == true)
  }

  @Test func invalidUTF8IsFoundInItsRow() throws {
    let path = try folder.write(
      Array("{\"text\": \"ab\"}\n{\"text\": \"".utf8) + [0xff] + Array("\"}\n{\"text\": \"cd\"}\n".utf8),
      to: "rows.jsonl")
    let data = try InstructionData.open(
      [path], settings: .init(maximumLength: 10), format: .bytes(.plain))
    #expect(data.examples.count == 2)
    #expect(data.summary.drops.map(\.reason) == ["the line is no JSON"])
    #expect(data.summary.drops[0].places[0].hasPrefix("\(path):2"))
  }

  @Test func tooManyBadRowsAreAnError() throws {
    let (good, bad) = (#"{"text": "ab"}"#, #"{"instruction": "x"}"#)
    #expect(try open([good, good, bad, bad].joined(separator: "\n")).examples.count == 2)
    let error = #expect(throws: Failure.self) { try open([good, bad, bad].joined(separator: "\n")) }
    #expect(error?.what == "2 of 3 rows cannot be used: more than half")
    #expect(error?.exitCode == 4 && error?.place == "\(folder.path)/rows.jsonl:2")
    #expect(error?.notes.first?.hasPrefix("2 x the row has no \"output\": \(folder.path)/rows.jsonl:2, ") == true)
    let none = #expect(throws: Failure.self) { try open(bad) }
    #expect(none?.what == "none of the 1 rows can be used")
    for (text, what) in [("[]", "the data has no rows"), ("", "the file is empty"), ("hello", "no rows of JSON")] {
      let error = #expect(throws: Failure.self) { try open(text, name: "rows.json") }
      #expect(error?.what == what && error?.exitCode == 4)
    }
  }
}
