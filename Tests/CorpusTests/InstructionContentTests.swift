import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// What of a row is trained, read and left out.
extension InstructionDataTests {
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
    let none =
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "tool_calls": []}]}"#
    #expect(try open(none, template: .zephyr).summary.warnings == [])
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
}
