import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Instruction data through the byte tokenizer: token ids are bytes, 256 is the end of text.
@Suite struct InstructionDataTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func open(
    _ text: String, name: String = "rows.jsonl", fields: [String: String] = [:], lossOn: LossOn = .assistant,
    length: Int = 1000, onOverflow: TuningSettings.Overflow = .truncate, onError: RowErrorPolicy = .skip,
    template: ChatTemplate = .plain
  ) throws -> InstructionData {
    let path = try folder.write(text, to: name)
    return try InstructionData.open(
      [path],
      settings: TuningSettings(
        fields: fields, lossOn: lossOn, maximumLength: length, onOverflow: onOverflow, onError: onError),
      format: .bytes(template))
  }

  /// The text of an example, `[` and `]` around what is trained, `.` for the end of text.
  private func marked(_ data: InstructionData, _ index: Int = 0) -> String {
    let (tokens, isTrained) = data.examples[index]
    var text = ""
    var last = false
    for (token, trained) in zip(tokens, isTrained) {
      if trained != last { text += trained ? "[" : "]" }
      text += token < 256 ? String(UnicodeScalar(UInt8(token))) : "."
      last = trained
    }
    return last ? text + "]" : text
  }

  private let dialogue = """
    {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "a"}, \
    {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}
    """

  @Test func trainedTokensAreExact() throws {
    #expect(try marked(open(dialogue)) == "S\nQ: a\nA:[ b.]\nQ: c\nA:[ d.]\n")
    #expect(try marked(open(dialogue, lossOn: .completion)) == "S\nQ: a\nA: b.\nQ: c\nA:[ d.]\n")
    #expect(try marked(open(dialogue, lossOn: .all)) == "S[\nQ: a\nA: b.\nQ: c\nA: d.\n]")
    #expect(
      try marked(open(dialogue, template: .zephyr))
        == "<|system|>\nS.\n<|user|>\na.\n<|assistant|>\n[b.]\n<|user|>\nc.\n<|assistant|>\n[d.]\n")
    let chatML = try open(dialogue, template: .chatML)
    let (tokens, isTrained) = chatML.examples[0]
    // Every turn ends with 258; those of the assistant are trained, and nothing is by its id.
    #expect(zip(tokens, isTrained).filter { $0.0 == 258 }.map(\.1) == [false, false, true, false, true])
    #expect(zip(tokens, isTrained).filter(\.1).map(\.0) == [98, 258, 100, 258])
  }

  @Test func messagesMayBeLeftOutOfTheTraining() throws {
    let row = dialogue.replacing("\"content\": \"b\"", with: "\"content\": \"b\", \"train\": false")
    #expect(try marked(open(row)) == "S\nQ: a\nA: b.\nQ: c\nA:[ d.]\n")
    #expect(try marked(open(row, lossOn: .all)) == "S[\nQ: a\nA:] b.[\nQ: c\nA: d.\n]")
    let weighted = dialogue.replacing("\"content\": \"d\"", with: "\"content\": \"d\", \"weight\": 0")
    #expect(try marked(open(weighted)) == "S\nQ: a\nA:[ b.]\nQ: c\nA: d.\n")
    let data = try open("\(dialogue)\n\(weighted)", lossOn: .completion)
    #expect(data.summary.used == 1 && data.summary.drops[0].reason == "the row has no trained token")
  }

  @Test(arguments: [
    (#"{"instruction": "a", "input": "", "output": "b"}"#, "Q: a\nA:[ b.]\n"),
    (#"{"instruction": "a", "input": "i", "output": "b", "system": "S"}"#, "S\nQ: a\n\ni\nA:[ b.]\n"),
    (#"{"instruction": "c", "output": "d", "history": [["a", "b"]]}"#, "Q: a\nA:[ b.]\nQ: c\nA:[ d.]\n"),
    (#"{"instruction": "a", "response": "b"}"#, "Q: a\nA:[ b.]\n"),
    (#"{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}"#, "Q: a\nA:[ b.]\n"),
    (
      #"{"conversations": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
      "Q: a\nA:[ b.]\n"
    ),
    (#"{"prompt": "a", "completion": "b"}"#, "Q: a\nA:[ b.]\n"),
    (
      #"{"messages": null, "instruction": "a", "input": null, "output": null, "response": "b", "system": null, "#
        + #""history": null, "tools": null, "documents": null, "chat_template_kwargs": null}"#,
      "Q: a\nA:[ b.]\n"
    ),
    (
      #"{"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}]}"#,
      "Q: a\nA:[ b.]\n"
    ),
    (#"{"question": "a", "answer": "b"}"#, "Q: a\nA:[ b.]\n"),
    // Dolly's columns, torchtune's, and turns as the text that delimited files have them in.
    (#"{"instruction": "a", "context": "i", "response": "b", "category": "x"}"#, "Q: a\n\ni\nA:[ b.]\n"),
    (#"{"instruction": "a", "context": "", "response": "b"}"#, "Q: a\nA:[ b.]\n"),
    (#"{"input": "a", "output": "b"}"#, "Q: a\nA:[ b.]\n"),
    (#"{"conversation": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}"#, "Q: a\nA:[ b.]\n"),
    (
      #"{"messages": "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]"}"#,
      "Q: a\nA:[ b.]\n"
    ),
    (#"{"text": "ab"}"#, "a[b.]"),
    (
      #"{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "model", "content": "é"}]}"#,
      "Q: a\nA:[ \u{c3}\u{a9}.]\n"
    ),
  ])
  func everyFormIsRecognised(row: String, expected: String) throws {
    #expect(try marked(open(row)) == expected)
    #expect(try marked(open("[\n\(row)\n]", name: "rows.json")) == expected)
    #expect(try marked(open("\u{feff}\(row)\r\n\n", name: "rows.json")) == expected)
  }

  /// A number where a text is expected is no text, and the message says how it becomes one.
  @Test(arguments: [
    (#"{"prompt": "2 + 2", "completion": 4}"#, "found 4, which is no text either", #""completion": "4""#),
    (#"{"question": "2 + 2", "answer": 4.5}"#, "\"answer\" is no string", #""answer": "4.5""#),
    (#"{"instruction": "a", "output": true}"#, "\"output\" is no string", #""output": "true""#),
  ])
  func aNumberIsNoText(_ row: String, _ reason: String, _ remedy: String) throws {
    let failure = refusal { _ = try open(row) }
    #expect(failure?.notes.contains { $0.contains(reason) } == true, "\(failure.debugDescription)")
    #expect(failure?.notes.contains("texts stand in quotes: \(remedy)") == true, "\(failure.debugDescription)")
  }

  @Test func whatAQuestionLeavesUnreadIsSaid() throws {
    let data = try open(#"{"question": "a", "context": "i", "answer": "b"}"#)
    #expect(data.summary.warnings.contains("\"context\" is not read beside \"question\": 1 of 1 rows"))
  }

  @Test func anUnwantedAnswerIsNotTrainedWithoutAWord() throws {
    let rows = [true, false].map { #"{"prompt": "a", "completion": "b", "label": \#($0)}"# }
    let warnings = try open(rows.joined(separator: "\n")).summary.warnings
    #expect(warnings.count == 1 && warnings.first?.hasPrefix("answers with a \"label\" of false are trained") == true)
    #expect(warnings.first?.hasSuffix(": 1 of 2 rows") == true)
    #expect(try open(rows[0]).summary.warnings.isEmpty)
  }

  @Test func fieldsTheOtherWayRoundAreTurned() throws {
    let failure = refusal { _ = try open("{}", fields: ["q": "prompt"]) }
    #expect(failure?.notes.first == #"the name that the files have comes second: {"prompt": "q"}"#)
  }

  /// A system text in a column of its own counts in every form.
  @Test(arguments: [
    #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "system": "S"}"#,
    #"{"conversations": [{"from": "Human", "value": "a"}, {"from": "chatgpt", "value": "b"}], "system": "S"}"#,
    #"{"instruction": "a", "output": "b", "system": "S"}"#, #"{"prompt": "a", "completion": "b", "system": "S"}"#,
    #"{"prompt": [{"role": "user", "content": "a"}], "completion": "b", "system": "S"}"#,
    #"{"question": "a", "answer": "b", "system": "S"}"#,
  ])
  func aSystemColumnCounts(row: String) throws {
    #expect(try marked(open(row)) == "S\nQ: a\nA:[ b.]\n")
    let renamed = row.replacing("\"system\"", with: "\"rules\"")
    #expect(try marked(open(renamed, fields: ["system": "rules"])) == "S\nQ: a\nA:[ b.]\n")
  }

  /// The prompt's own assistant turns are not trained, whatever is.
  @Test func aCompletionTrainsItselfOnly() throws {
    let row =
      #"{"prompt": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, "#
      + #"{"role": "user", "content": "c"}], "completion": [{"role": "assistant", "content": "d"}, "#
      + #"{"role": "user", "content": "e"}, {"role": "assistant", "content": "f"}]}"#
    for lossOn in [LossOn.assistant, .completion] {
      #expect(try marked(open(row, lossOn: lossOn)) == "Q: a\nA: b.\nQ: c\nA:[ d.]\nQ: e\nA:[ f.]\n")
    }
  }

  @Test func callsAndFlagsAreRead() throws {
    func row(_ flag: String) -> String {
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", \#(flag)}, "#
        + #"{"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}"#
    }
    for flag in ["\"train\": false", "\"weight\": 0", "\"loss\": false", "\"loss_mask\": 0"] {
      #expect(try marked(open(row(flag))) == "Q: a\nA: b.\nQ: c\nA:[ d.]\n")
    }
    let calls =
      #"{"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "#
      + #""{\"name\": \"f\", \"arguments\": {}}"}, {"from": "observation", "value": "7"}, {"from": "gpt", "value": "b"}]}"#
    let jinja =
      "{% for m in messages %}{{ m.role }}:{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls }};{% endfor %}"
      + "{{ 'assistant:' if add_generation_prompt }}"
    let path = try folder.write(jinja, to: "t.jinja")
    let template = try ChatTemplate(named: path, modelsOwn: "", otherwise: .chatML)
    #expect(
      try marked(open(calls, template: template))
        == #"user:a;assistant:[[{"type": "function", "function": {"name": "f", "arguments": {}}}];]tool:7;assistant:[b;]"#
    )
  }

  /// A template may ask whether a turn has a content, and writes None of one that is null.
  @Test func contentThatIsLeftOutIsNotNull() throws {
    let template = try ChatTemplate(
      "own", jinja: "{% for m in messages %}{{ 'content' in m }} {{ m.content }}, {% endfor %}")
    func text(_ content: String) throws -> String {
      let row =
        #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "#
        + content + #""tool_calls": [{"name": "f"}]}]}"#
      return try marked(open(row, lossOn: .all, template: template))
    }
    #expect(try text("") == "T[rue a, False , ]")
    #expect(try text("\"content\": null, ") == "T[rue a, True None, ]")
    #expect(try text("\"content\": \"\", ") == "T[rue a, True , ]")
  }

  @Test func aTurnHasTheOrderOfTheFile() throws {
    let template = try ChatTemplate("own", jinja: "x{{ messages[1] | tojson }}")
    func text(_ answer: String) throws -> String {
      let row = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, \(answer)]}"
      return try marked(open(row, lossOn: .all, template: template))
    }
    for answer in [
      #"{"role": "assistant", "content": "b", "name": "n"}"#, #"{"name": "n", "content": "b", "role": "assistant"}"#,
      #"{"role": "assistant", "name": "n", "content": "b"}"#, #"{"content": "b", "role": "assistant"}"#,
      #"{"role": "assistant", "tool_calls": []}"#,
    ] {
      #expect(try text(answer) == "x[\(answer)]")
    }
    #expect(
      try text(#"{"value": "b", "from": "gpt", "train": true}"#) == #"x[{"content": "b", "role": "assistant"}]"#)
  }

  /// A template may tell no tools from an empty list of them.
  @Test func noToolsAreNotNull() throws {
    let template = try ChatTemplate("own", jinja: "x{{ tools }}{% for m in messages %}{{ m.content }}{% endfor %}")
    func text(_ tools: String) throws -> String {
      let row = "{\"messages\": [{\"role\": \"assistant\", \"content\": \"a\"}]\(tools)}"
      return try marked(open(row, lossOn: .all, template: template))
    }
    #expect(try text("") == "x[Nonea]" && text(", \"tools\": null") == "x[Nonea]")
    #expect(try text(", \"tools\": []") == "x[[]a]" && text(", \"tools\": \"[]\"") == "x[[]a]")
  }

  @Test func whatIsNotReadIsSaid() throws {
    let rows = [
      #"{"question": "a", "answer": "b", "tools": "[{\"name\": \"f\"}]"}"#,
      #"{"messages": [{"role": "user", "content": "a<|endoftext|>"}, {"role": "assistant", "content": "b", "#
        + #""thinking": "t", "tool_calls": [{"name": "f"}]}]}"#,
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "critic", "content": "b"}, "#
        + #"{"role": "assistant", "content": "c"}]}"#,
    ]
    #expect(
      try open(rows.joined(separator: "\n"), template: .zephyr).summary.warnings == [
        "text spells special tokens, which stay text: 1 of 3 rows",
        "the chat template leaves out calls of tools: 1 of 3 rows",
        "the chat template leaves out the text of turns of critic: 1 of 3 rows",
        "the chat template leaves out the thoughts of answers: 1 of 3 rows",
        "the chat template leaves out the tools: 1 of 3 rows",
      ])
    let two =
      #"{"messages": [{"role": "system", "content": "T"}, {"role": "user", "content": "a"}, "#
      + #"{"role": "assistant", "content": "b"}], "system": "S"}"#
    #expect(
      try open(two).summary.warnings == [
        "\"system\" is not read where the turns begin with another system text: 1 of 1 rows"
      ])
    let endless = try ChatTemplate(
      named: folder.write("{% for m in messages %}{{ m.content }}\n{% endfor %}", to: "endless.jinja"), modelsOwn: "",
      otherwise: .chatML)
    #expect(
      try open(#"{"question": "a", "answer": "b"}"#, template: endless).summary.warnings == [
        "the chat template writes no special token behind an answer: a model does not learn from it to end one"
      ])
    #expect(
      try open(#"{"text": "ab", "system": "S", "weight": 2}"#, lossOn: .all).summary.warnings == [
        "\"system\" is not read beside plain text: 1 of 1 rows", "\"weight\" of a row is not read: 1 of 1 rows",
      ])
    let texts = try open("{\"text\": \"ab\"}\n{\"text\": \"cd\"}")
    #expect(texts.summary.warnings == ["plain text without turns is trained as a whole: 2 of 2 rows"])
    #expect(try open("{\"text\": \"ab\"}", lossOn: .all).summary.warnings.isEmpty)
  }

  @Test func alpacasTextIsThatOfTheBook() throws {
    let row = #"{"instruction": "a", "input": "i", "output": "b"}"#
    #expect(
      try marked(open(row, template: .alpaca)) == """
        Below is an instruction that describes a task. Write a response that appropriately completes the request.

        ### Instruction:\na\n\n### Input:\ni\n\n### Response:\n[b.]\n\n
        """)
  }

  /// Rows of one file have the same columns, and null where one has nothing.
  @Test(arguments: [
    #"{"messages": null, "conversations": null, "instruction": "a", "input": null, "output": "b", "system": null}"#,
    #"{"instruction": null, "prompt": "a", "completion": "b", "text": null, "tools": null, "documents": null}"#,
    #"{"question": "a", "answer": "b", "history": null, "chat_template_kwargs": null, "chosen": null}"#,
  ])
  func nullIsAsGoodAsNothing(row: String) throws {
    #expect(try marked(open(row)) == "Q: a\nA:[ b.]\n")
  }

  /// Python writes None where a template does not look whether a turn has content.
  @Test func contentOfNullThatIsWrittenIsAWarning() throws {
    let row =
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": [{"name": "None"}]}]}"#
    func warnings(_ content: String) throws -> [String] {
      let jinja =
        "{% for m in messages %}\(content){% if m.tool_calls %}{{ m.tool_calls }}{% endif %}{{ eos_token }}{% endfor %}"
      let file = try folder.write(jinja, to: "chat.jinja")
      let template = try ChatTemplate(named: file, modelsOwn: "", otherwise: .chatML)
      return try open(row, template: template).summary.warnings
    }
    #expect(
      try warnings("{{ m.content | trim }}") == [
        "the chat template writes None or null for content that is null: 1 of 1 rows"
      ])
    #expect(try warnings("{{ m.content or '' }}").isEmpty)
  }

  @Test func columnsMayHaveOtherNames() throws {
    let row = #"{"frage": "a", "antwort": "b", "question": "x", "answer": "y"}"#
    #expect(try marked(open(row, fields: ["instruction": "frage", "output": "antwort"])) == "Q: a\nA:[ b.]\n")
    #expect(try marked(open(row)) == "Q: x\nA:[ y.]\n")
    let turns = #"{"talk": [{"who": "user", "says": "a"}, {"who": "assistant", "says": "b"}]}"#
    #expect(
      try marked(open(turns, fields: ["messages": "talk", "role": "who", "content": "says"])) == "Q: a\nA:[ b.]\n")
    let error = #expect(throws: Failure.self) { try open(row, fields: ["promt": "x"]) }
    #expect(error?.area == .recipe && error?.notes.first == "did you mean \"prompt\"?")
  }

  @Test(arguments: [
    ("7", "the row is no JSON object"),
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

  @Test func longExamplesAreCutLeftOutOrRefused() throws {
    let (long, short) = (#"{"question": "a", "answer": "0123456789"}"#, #"{"question": "a", "answer": "b"}"#)
    let rows = "\(short)\n\(long)\n"
    let data = try open(rows, length: 12)
    #expect(marked(data, 0) == "Q: a\nA:[ b.]" + "\n")
    #expect(marked(data, 1) == "Q: a\nA:[ 0123]")
    #expect(data.summary.truncated == 1 && data.summary.longest == 20 && data.summary.used == 2)
    let dropped = try open(rows, length: 12, onOverflow: .drop)
    #expect(dropped.examples.count == 1 && dropped.summary.truncated == 0)
    #expect(dropped.summary.drops.map(\.reason) == ["longer than 12 tokens"])
    let error = #expect(throws: Failure.self) { try open(rows, length: 12, onOverflow: .error) }
    #expect(error?.what == "longer than 12 tokens" && error?.place == "\(folder.path)/rows.jsonl:2")
    #expect(error?.notes.first == "it has 20 tokens" && error?.exitCode == 4)
    let longQuestion = #"{"question": "0123456789", "answer": "b"}"#
    let cut = try open("\(short)\n\(longQuestion)", length: 12)
    #expect(cut.examples.count == 1 && cut.summary.truncated == 0)
    #expect(cut.summary.drops.map(\.reason) == ["no trained token is left after truncation"])
  }

  @Test func rowsAreHeldOut() throws {
    let rows = (0..<10).map { "{\"text\": \"a\($0)\"}" }.joined(separator: "\n")
    let data = try open(rows)
    let (train, validation) = try data.split(fraction: 0.2, seed: nil)
    #expect(train.examples.count == 8 && marked(validation) == "a[8.]")
    #expect(train.digest != data.digest && train.digest != validation.digest)
    for seed: UInt64? in [nil, 1] {
      #expect(try data.split(fraction: 0.001, seed: seed).validation.examples.count == 1)
      #expect(try data.split(fraction: 0.999, seed: seed).train.examples.count == 1)
      #expect(throws: Failure.self) { try open("{\"text\": \"ab\"}").split(fraction: 0.5, seed: seed) }
    }
    // One of the first five rows and one of the last five, as the seed has it.
    let drawn = try (0..<20).map { try data.split(fraction: 0.2, seed: $0) }
    for (train, validation) in drawn {
      #expect(train.examples.count == 8 && validation.examples.count == 2)
      let held = (0..<2).map { validation.examples[$0].tokens.dropFirst().first! - 48 }
      #expect(0..<5 ~= held[0] && 5..<10 ~= held[1])
    }
    #expect(Set(drawn.map(\.validation.digest)).count > 8)
    #expect(try data.split(fraction: 0.2, seed: 7).validation.digest == drawn[7].validation.digest)
  }

  @Test func theDigestIsThatOfEverythingThatMatters() throws {
    let row = #"{"question": "a", "answer": "b"}"#
    let digests = [
      try open(row), try open(row, lossOn: .all), try open(row, length: 999), try open(row, onOverflow: .drop),
      try open(row, template: .zephyr), try open(row, template: .chatML), try open(row + " "),
      try open(row, fields: ["system": "x"]),
    ].map(\.digest)
    #expect(Set(digests).count == digests.count)
    #expect(try open(row, name: "other.jsonl").digest == digests[0])
  }

  @Test func theQuestionsCanBeAsked() throws {
    let path = try folder.write(
      "\(dialogue)\n{}\n{\"text\": \"x\"}\n{\"question\": \"a\", \"answer\": \"b\"}", to: "r.jsonl")
    let conversations = try ConversationFile.conversations(
      [path], format: .bytes(.plain))
    #expect(conversations.map(\.messages.count) == [5, 2])
    #expect(
      conversations[1].messages == [Message(role: "user", content: "a"), Message(role: "assistant", content: "b")])
  }
}
