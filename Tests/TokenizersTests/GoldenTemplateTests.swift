import Files
import Foundation
import Jinja
import Support
import Testing
import Tokenizers

/// Chat templates of published models against what Jinja2 makes of them, and against the spans that hand-written twins of
/// them mark as the assistant's.
@Suite(.needsSharedData("templates/golden.jsonl")) struct GoldenTemplateTests {
  private struct Case {
    let template: String
    let name: String
    let json: JSONValue

    var input: ChatInput {
      let variables = json["variables"]!
      var input = ChatInput(variables["messages"]!.array!.map(GoldenTemplateTests.message))
      input.tools = variables["tools"]
      let named = ["messages", "tools", "add_generation_prompt", "bos_token", "eos_token", "pad_token", "unk_token"]
      input.variables = variables.object!.filter { !named.contains($0.key) }
      return input
    }

    var asks: Bool { json["variables"]!["add_generation_prompt"]?.bool ?? false }
  }

  private static func message(_ json: JSONValue) -> Message {
    var message = Message(role: json["role"]!.string!, content: json["content"]!.string!)
    message.members = json.object!.filter { !["role", "content"].contains($0.key) }
    return message
  }

  private static func cases() throws -> [Case] {
    let url = try #require(SharedData.url("templates/golden.jsonl"))
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map { line in
      let json = try JSONValue.parse(Array(line.utf8), source: "golden", area: .data)
      return Case(template: json["template"]!.string!, name: json["case"]!.string!, json: json)
    }
  }

  private static func encoder(_ name: String) throws -> ChatEncoder {
    let url = try #require(SharedData.url("templates/\(name)"))
    let template = try ChatTemplate(name, jinja: String(contentsOf: url, encoding: .utf8))
    var named = NamedTokens()
    for (name, text) in [
      ("bos_token", "<BOS>"), ("eos_token", "<EOS>"), ("pad_token", "<PAD>"), ("unk_token", "<UNK>"),
    ] {
      named[name] = text
    }
    let tokenizer = try Tokenizer.bytes.naming(named)
    // The day that the renderings were recorded.
    let format = try ChatFormat(template, tokenizer: tokenizer, now: #require(TemplateTime(day: "2026-11-25")))
    return ChatEncoder(format)
  }

  @Test func everyRenderingIsThatOfJinja() throws {
    var (equal, refused) = (0, 0)
    for golden in try Self.cases() {
      var encoder = try Self.encoder(golden.template)
      if golden.json["error"] != nil {
        #expect(throws: Failure.self, "\(golden.template): \(golden.name)") {
          try encoder.render(golden.input, addingGenerationPrompt: golden.asks)
        }
        refused += 1
        continue
      }
      let text = try encoder.render(golden.input, addingGenerationPrompt: golden.asks).text
      let expected = golden.json["text"]!.string!
      #expect(text == Array(expected.utf8), "\(golden.template): \(golden.name)")
      equal += 1
    }
    #expect(equal == 209 && refused == 12)
  }

  /// Where twins enclose the header of a turn, or a part of it: the model is given that and does not write it.
  private static let enclosedHeaders = [
    "deepseekv3.jinja": "<｜Assistant｜>", "gptoss.jinja": "<|start|>assistant", "qwen2_5.jinja": "\n",
  ]

  /// Where twins enclose the line break behind the mark that ends a turn: the model has stopped at the mark.
  private static let enclosedLineBreaks: Set<String> = [
    "gemma.jinja", "gemma3.jinja", "lfm2.jinja", "phi3.jinja", "qwen2_5.jinja", "qwen3.jinja",
    "qwen3_instruct_2507.jinja",
  ]

  @Test func everySpanIsThatOfTheTwinButForHeadersAndLineBreaks() throws {
    var equal = 0
    for golden in try Self.cases() {
      guard let spans = golden.json["spans"]?.array, golden.json["error"] == nil else { continue }
      var encoder = try Self.encoder(golden.template)
      let chat = try encoder.render(golden.input, addingGenerationPrompt: golden.asks)
      var expected: [Range<Int>] = []
      for span in spans {
        var (start, end) = (span.array![0].integer!, span.array![1].integer!)
        if let header = Self.enclosedHeaders[golden.template] {
          try #require(chat.text[start..<end].starts(with: header.utf8), "\(golden.template): \(golden.name)")
          start += header.utf8.count
        }
        if let last = expected.last, last.upperBound == start { (start, end) = (expected.removeLast().lowerBound, end) }
        expected.append(start..<end)
      }
      if Self.enclosedLineBreaks.contains(golden.template) {
        for index in expected.indices where chat.text[expected[index].upperBound - 1] == 0x0A {
          expected[index] = expected[index].lowerBound..<expected[index].upperBound - 1
        }
      }
      let messages = golden.input.messages
      let found = chat.turns.filter { messages[$0.message].role == "assistant" }.map(\.range)
      func texts(_ ranges: [Range<Int>]) -> [String] { ranges.map { String(decoding: chat.text[$0], as: UTF8.self) } }
      #expect(texts(found) == texts(expected), "\(golden.template): \(golden.name)")
      #expect(found == expected, "\(golden.template): \(golden.name)")
      equal += 1
    }
    #expect(equal > 150)
  }
}
