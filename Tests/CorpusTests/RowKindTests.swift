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

  @Test func faultsOfTheFirstRowAreErrors() throws {
    for (text, name, place) in [
      ("\n{\"a\": }\n{}", "a.jsonl", "a.jsonl:2:1:7"), ("[\n{\"a\": }]", "b.json", "b.json:2:7"),
    ] {
      let error = #expect(throws: Failure.self) { try kind(text, name) }
      #expect(error?.area == .data)
      #expect(error?.place?.hasSuffix(place) == true, "\(error!)")
    }
  }
}
