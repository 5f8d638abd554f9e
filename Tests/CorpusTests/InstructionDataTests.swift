import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Instruction data through the byte tokenizer: token ids are bytes, 256 is the end of text.
@Suite struct InstructionDataTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  func open(
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
  func marked(_ data: InstructionData, _ index: Int = 0) -> String {
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

  let dialogue = """
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

  /// Python writes NaN where a column lacks a value, and Hugging Face's datasets reads it.
  @Test func valuesThatAreNoNumbersAreMissing() throws {
    let row = #"{"instruction": "a", "input": NaN, "output": "b", "score": -Infinity, "rank": Infinity}"#
    for rows in [row, "[\(row)]"] {
      for name in ["rows.jsonl", "rows.json"] { #expect(try marked(open(rows, name: name)) == "Q: a\nA:[ b.]\n") }
    }
    let failure = refusal { _ = try open(#"{"instruction": None, "output": "b"}"#) }
    #expect(failure?.notes.contains("every line is one JSON value") == true, "such rows are skipped already")
  }

  @Test func columnsMayHaveOtherNames() throws {
    let row = #"{"frage": "a", "antwort": "b", "question": "x", "answer": "y"}"#
    #expect(try marked(open(row, fields: ["instruction": "frage", "output": "antwort"])) == "Q: a\nA:[ b.]\n")
    #expect(try marked(open(row)) == "Q: x\nA:[ y.]\n")
    let turns = #"{"talk": [{"who": "user", "says": "a"}, {"who": "assistant", "says": "b"}]}"#
    #expect(
      try marked(open(turns, fields: ["messages": "talk", "role": "who", "content": "says"])) == "Q: a\nA:[ b.]\n")
    // A misspelt name would leave a column out without a word.
    let names = ["instruction": "frage", "output": "antwort", "system": "sytem"]
    #expect(
      try open(row, fields: names).summary.warnings == [
        "data.fields: none of the first rows has a column \"sytem\", which would be \"system\""
      ])
    let error = #expect(throws: Failure.self) { try open(row, fields: ["promt": "x"]) }
    #expect(error?.area == .recipe && error?.notes.first == "did you mean \"prompt\"?")
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
