import Corpus
import Files
import Support
import Testing

@Suite struct RowKindTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func kind(_ text: String, _ name: String) throws -> RowKind {
    try RowKind(of: [folder.write(text, to: name)])
  }

  @Test(arguments: [
    (#"{"text": "a"}"#, RowKind.text),
    (#"{"messages": []}"#, .conversation),
    (#"{"conversations": []}"#, .conversation),
    (#"{"instruction": "a", "output": "b"}"#, .conversation),
    (#"{"question": "a", "answer": "b"}"#, .conversation),
    (#"{"input": "a", "output": "b"}"#, .conversation),
    (#"{"chosen_conversations": [], "rejected_conversations": []}"#, .pair),
    (#"{"prompt": "a", "completion": "b", "label": true}"#, .labelled),
    (#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#, .pair),
  ])
  func theFirstRowTells(_ row: String, _ expected: RowKind) throws {
    #expect(try kind("\(row)\n", "a.jsonl") == expected)
    // A byte order mark and empty lines before it; what follows it is not read.
    #expect(try kind("\u{FEFF}\(row)\nno JSON", "b.jsonl") == expected)
    #expect(try kind("\n  \r\n\(row)", "c.jsonl") == expected)
    #expect(try kind(" [\(row), no JSON", "d.json") == expected)
  }

  @Test func filesWithoutRowsAreText() throws {
    #expect(try kind("Once upon a time", "a.txt") == .text)
    #expect(try kind("[]", "b.json") == .text)
  }

  /// A first row that cannot be used is passed over, as a later one would be.
  @Test(arguments: ["{no", "garbage", "{}", #"{"id": 1}"#, "7", #"{"messages": null}"#, "{\"messages\": [}"])
  func aBadFirstRowSaysNothing(_ bad: String) throws {
    #expect(try kind("\(bad)\n{\"messages\": []}\n", "a.jsonl") == .conversation)
    #expect(try kind("\(bad)\n\(bad)\n{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}", "b.jsonl") == .pair)
    #expect(try kind("\(bad)\n", "c.jsonl") == .text)
  }

  /// A pair without its worse answer, a judged answer without its judgement, a prompt before text: rows of their kind to leave out.
  @Test(arguments: [
    (#"{"prompt": "a", "chosen": "b"}"#, #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#, RowKind.pair),
    (#"{"prompt": "a", "completion": "b"}"#, #"{"prompt": "a", "completion": "b", "label": true}"#, .labelled),
    (#"{"prompt": "a"}"#, #"{"text": "b"}"#, .text),
  ])
  func aRowThatLacksAColumnDoesNotSpeakForTheOthers(_ bad: String, _ row: String, _ expected: RowKind) throws {
    #expect(try kind("\(bad)\n\(row)\n\(row)\n", "a.jsonl") == expected)
    #expect(try kind("[\(bad), \(row), \(row)]", "b.json") == expected)
    #expect(try kind("\(row)\n\(bad)\n", "c.jsonl") == expected)
  }

  @Test func rowsAfterABadLineAreRows() throws {
    #expect(try kind("{no\n{\"messages\": []}\n", "rows.json") == .conversation)
    #expect(try kind("{no\nOnce upon a time\n", "text.txt") == .text)
  }

  @Test func aFaultOfAnArrayIsAnError() throws {
    let error = #expect(throws: Failure.self) { try kind("[\n{\"a\": }]", "b.json") }
    #expect(error?.area == .data && error?.place?.hasSuffix("b.json:2:7") == true)
  }
}
