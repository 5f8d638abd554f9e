import Corpus
import Files
import Foundation
import Support
import Testing
import Tokenizers

/// Preference pairs and answers without partners through the byte tokenizer: token ids are bytes, 256 is the end of text.
@Suite struct PreferenceDataTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func settings(
    _ length: Int, _ onOverflow: TuningSettings.Overflow, _ onError: RowErrorPolicy, _ fields: [String: String]
  ) -> TuningSettings {
    TuningSettings(fields: fields, maximumLength: length, onOverflow: onOverflow, onError: onError)
  }

  private func open(
    _ text: String, name: String = "rows.jsonl", fields: [String: String] = [:], length: Int = 1000,
    onOverflow: TuningSettings.Overflow = .truncate, onError: RowErrorPolicy = .skip, template: ChatTemplate = .plain
  ) throws -> PreferenceData {
    try PreferenceData.open(
      [folder.write(text, to: name)], settings: settings(length, onOverflow, onError, fields),
      format: .bytes(template))
  }

  private func unpaired(
    _ text: String, length: Int = 1000, onError: RowErrorPolicy = .skip
  ) throws -> UnpairedPreferenceData {
    try UnpairedPreferenceData.open(
      [folder.write(text, to: "rows.jsonl")], settings: settings(length, .truncate, onError, [:]),
      format: .bytes(.plain))
  }

  /// The text of tokens, `.` for the end of text.
  private func text(_ tokens: ArraySlice<Int32>) -> String {
    tokens.map { $0 < 256 ? String(UnicodeScalar(UInt8($0))) : "." }.joined()
  }

  private func texts(_ data: PreferenceData, _ index: Int = 0) -> [String] {
    [text(data[index].prompt), text(data[index].chosen), text(data[index].rejected)]
  }

  private static let usual = ["Q: a\nA:", " b.", " c."]

  @Test(arguments: [
    (#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#, usual),
    (
      #"{"prompt": "a", "chosen": [{"role": "assistant", "content": "b"}], "rejected": [{"from": "gpt", "value": "c"}]}"#,
      usual
    ),
    (#"{"prompt": [{"role": "user", "content": "a"}], "chosen": "b", "rejected": "c"}"#, usual),
    // torchtune's, Stack Exchange's, and a prompt that is called input.
    (
      #"{"chosen_conversations": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "#
        + #""rejected_conversations": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}"#,
      usual
    ),
    (#"{"question": "a", "response_j": "b", "response_k": "c"}"#, usual),
    (#"{"input": "a", "chosen": "b", "rejected": "c"}"#, usual),
    // UltraFeedback's rows, whose messages are the prompt with the better answer.
    (
      #"{"prompt": "a", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}"#,
      usual
    ),
    (
      #"{"prompt": null, "messages": null, "system": null, "chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}"#,
      usual
    ),
    (
      #"{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}"#,
      usual
    ),
    (
      #"{"prompt": "a", "system": "S", "chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]}"#,
      ["S\nQ: a\nA:", " b.", " c."]
    ),
    (
      #"{"conversations": [{"from": "human", "value": "a"}], "chosen": {"from": "gpt", "value": "b"}, "rejected": {"from": "gpt", "value": "c"}}"#,
      usual
    ),
    (
      #"{"instruction": "a", "input": "i", "output": "x", "chosen": "b", "rejected": "c"}"#,
      ["Q: a\n\ni\nA:", " b.", " c."]
    ),
    (#"{"question": "a", "system": "S", "chosen": "b", "rejected": "c"}"#, ["S\nQ: a\nA:", " b.", " c."]),
    (
      #"{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}"#, usual
    ),
    (
      #"{"chosen": "Human: x\n\nAssistant: y\n\nHuman: a \n\nAssistant:b\n", "rejected": "\n\nHuman: x\n\nAssistant: y\n\nHuman: a\n\nAssistant: c"}"#,
      ["Q: x\nA: y.\nQ: a\nA:", " b.", " c."]
    ),
    (#"{"prompt": "\n\nHuman: a\n\nAssistant:", "chosen": "b", "rejected": "c"}"#, usual),
    // One side continues where the other one ends: the prompt ends before the turns that both have.
    (
      #"{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: b\n\nHuman: d\n\nAssistant: e"}"#,
      ["Q: a\nA:", " b.", " b.\nQ: d\nA: e."]
    ),
    // Texts without turns continue after their common words.
    (#"{"chosen": "The sky is blue", "rejected": "The sky is black"}"#, ["The sky is", " blue.", " black."]),
    (#"{"chosen": "The sky is", "rejected": "The sky is blue"}"#, ["The sky", " is.", " is blue."]),
  ])
  func everyFormIsRecognised(row: String, expected: [String]) throws {
    #expect(try texts(open(row)) == expected)
    #expect(try texts(open("[\(row)]", name: "rows.json")) == expected)
  }

  @Test func answersEndWithTheirTurns() throws {
    let row =
      #"{"prompt": "a", "chosen": "b", "rejected": ""}"# + "\n" + #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#
    let data = try open(row, template: .chatML)
    let chat = try ChatFormat(.chatML, tokenizer: ChatTemplate.chatML.extending(.bytes))
    let prompt = try chat.encode([Message(role: "user", content: "a")], addingGenerationPrompt: true).tokens
    #expect(data.count == 1 && Array(data[0].prompt) == prompt)
    #expect(Array(data[0].chosen) == [98, chat.stopTokens[0]] && Array(data[0].rejected) == [99, chat.stopTokens[0]])
  }

  @Test(arguments: [
    (#"{"prompt": "a", "completion": "b"}"#, "the row has neither \"chosen\" nor \"rejected\""),
    (#"{"prompt": "a", "chosen": "b"}"#, "the row has no \"rejected\""),
    (#"{"prompt": "a", "chosen": "b", "rejected": "b"}"#, "the two sides are identical"),
    (#"{"chosen": "a b", "rejected": "a b"}"#, "the two sides are identical"),
    (#"{"prompt": "a", "chosen": "b", "rejected": " "}"#, "\"rejected\" is empty"),
    (#"{"prompt": "a", "chosen": 7, "rejected": "c"}"#, "\"chosen\" is no list of messages"),
    (
      #"{"prompt": "a", "chosen": "b", "rejected": [{"role": "assistant", "content": "c"}]}"#,
      "one side is a text, the other one messages"
    ),
    (#"{"chosen": "x", "rejected": "y"}"#, "the two sides have no prompt in common"),
    (
      #"{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: x\n\nAssistant: b"}"#,
      "the two sides have no prompt in common"
    ),
    (
      #"{"prompt": "z", "chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}"#,
      "the sides neither answer the prompt nor repeat it"
    ),
    (
      #"{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c\n\nHuman: d"}"#,
      "an answer does not begin and end with an assistant turn"
    ),
    (
      #"{"prompt": [{"role": "tool", "content": "a"}], "chosen": "b", "rejected": "c"}"#,
      "the chat template refuses the turns: no turns of role tool"
    ),
    (#"{"prompt": [{"role": "user"}], "chosen": "b", "rejected": "c"}"#, "a message has no content"),
  ])
  func rowsThatCannotBeUsedAreCountedByReason(row: String, reason: String) throws {
    let good = #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#
    let data = try open("\(good)\n\(row)\n\(good)\n")
    #expect(data.count == 2 && data.summary.rows == 3 && data.summary.used == 2)
    #expect(data.summary.drops.map(\.reason) == [reason])
    #expect(data.summary.drops[0].places == ["\(folder.path)/rows.jsonl:2"])
    let error = #expect(throws: Failure.self) { try open("\(good)\n\(row)\n", onError: .stop) }
    #expect(error?.what == reason && error?.place == "\(folder.path)/rows.jsonl:2" && error?.exitCode == 4)
  }

  @Test func whatIsNotReadIsSaid() throws {
    let row =
      #"{"prompt": "a", "chosen": [{"role": "assistant", "content": "b", "train": true}], "#
      + #""rejected": [{"role": "assistant", "content": "c"}], "tools": [{"name": "f"}], "loss_mask": [1]}"#
    #expect(
      try open(row).summary.warnings == [
        "\"loss_mask\" of a row is not read: 1 of 1 rows", "the chat template leaves out the tools: 1 of 1 rows",
        "which messages are trained is not read where answers are compared: 1 of 1 rows",
      ])
  }

  /// An unwanted answer is what its label says it is: only where every answer is trained is there something to say.
  @Test func labelsThatAreReadAreNoRemark() throws {
    let rows = [true, false].map { #"{"prompt": "a", "completion": "b", "label": \#($0)}"# }
    #expect(try unpaired(rows.joined(separator: "\n")).summary.warnings.isEmpty)
    #expect(try open(#"{"prompt": "a", "chosen": "b", "rejected": "c", "label": false}"#).summary.warnings.isEmpty)
  }

  /// A system text in a column of its own counts in every form.
  @Test(arguments: [
    #"{"prompt": "a", "chosen": "b", "rejected": "c", "system": "S"}"#,
    #"{"prompt": [{"role": "user", "content": "a"}], "chosen": "b", "rejected": "c", "system": "S"}"#,
    #"{"instruction": "a", "chosen": "b", "rejected": "c", "system": "S"}"#,
    #"{"question": "a", "chosen": "b", "rejected": "c", "system": "S"}"#,
    #"{"conversations": [{"from": "human", "value": "a"}], "chosen": {"from": "gpt", "value": "b"}, "#
      + #""rejected": {"from": "gpt", "value": "c"}, "system": "S"}"#,
    #"{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": "#
      + #"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "system": "S"}"#,
    #"{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c", "system": "S"}"#,
  ])
  func aSystemColumnCounts(row: String) throws {
    #expect(try texts(open(row)) == ["S\nQ: a\nA:", " b.", " c."])
    let renamed = row.replacing("\"system\"", with: "\"rules\"")
    #expect(try texts(open(renamed, fields: ["system": "rules"])) == ["S\nQ: a\nA:", " b.", " c."])
  }

  @Test func swappedAndMissingColumnsAreNamed() throws {
    let row = #"{"frage": "a", "gut": "b", "schlecht": "c"}"#
    let names = ["prompt": "frage", "chosen": "gut", "rejected": "schlecht"]
    #expect(try texts(open(row, fields: names)) == Self.usual)
    let error = #expect(throws: Failure.self) { try open(row) }
    #expect(error?.notes.contains { $0.contains("\"frage\", \"gut\", \"schlecht\"") } == true)
  }

  /// A prompt is `Q: ` and `\nA: ` around what is asked: 6 tokens more.
  @Test func promptsLoseTheirStartsAndAnswersTheirEnds() throws {
    func row(_ prompt: Int, _ chosen: Int, _ rejected: Int) -> String {
      let text = { String((0..<$0).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) }) }
      return
        #"{"prompt": "\#(text(prompt))", "chosen": "\#(text(chosen))", "rejected": "\#("!" + text(rejected - 1))"}"#
    }
    // 16 + 12 tokens: the prompt loses the one that is too much.
    #expect(try texts(open(row(10, 10, 5), length: 27)) == [": abcdefghij\nA:", " abcdefghij.", " !abcd."])
    // 16 + 32 tokens in 24: the prompt comes down to half of them, the answers to the other half.
    #expect(try texts(open(row(10, 30, 3), length: 24)) == ["bcdefghij\nA:", " abcdefghijk", " !ab."])
    // 9 + 32 tokens in 24: the prompt has less than half and stays.
    #expect(try texts(open(row(3, 30, 3), length: 24)) == ["Q: abc\nA:", " abcdefghijklmn", " !ab."])
    let data = try open(row(3, 30, 3) + "\n" + row(3, 3, 3), length: 24)
    #expect(data.summary.truncated == 1 && data.summary.longest == 41)
    #expect(try open(row(3, 30, 3) + "\n" + row(3, 3, 3), length: 24, onOverflow: .drop).count == 1)
    #expect(throws: Failure.self) { try open(row(3, 30, 3), length: 24, onOverflow: .error) }
    let same = #"{"prompt": "a", "chosen": "0123456789", "rejected": "0123456788"}"#
    let cut = try open(row(3, 3, 3) + "\n" + same, length: 14)
    #expect(cut.summary.drops.map(\.reason) == ["the two sides are identical after truncation"])
    #expect(cut.summary.truncated == 0)
  }

  @Test func theBeginningOfTextIsNotCut() throws {
    let row = #"{"prompt": "0123456789", "chosen": "b", "rejected": "c"}"#
    let format = try ChatFormat.bytes(.llama3)
    let data = try PreferenceData.open(
      [folder.write(row, to: "rows.jsonl")], settings: settings(24, .truncate, .skip, [:]), format: format)
    #expect(data[0].prompt.first == format.tokenizer.beginningOfText && data[0].prompt.count == 22)
    #expect(data[0].chosen.last == format.tokenizer.id(ofToken: "<|eot_id|>"))
  }

  @Test(arguments: [
    (#"{"prompt": "a", "completion": "b", "label": true}"#, ["Q: a\nA:", " b."], true),
    (
      #"{"prompt": "a", "completion": [{"role": "assistant", "content": "b"}], "label": 0}"#, ["Q: a\nA:", " b."], false
    ),
    (#"{"instruction": "a", "output": "b", "kto_tag": false}"#, ["Q: a\nA:", " b."], false),
    (#"{"input": "a", "output": "b", "label": "False"}"#, ["Q: a\nA:", " b."], false),
    // As pandas writes them.
    (#"{"prompt": "a", "completion": "b", "label": 1.0}"#, ["Q: a\nA:", " b."], true),
    (#"{"prompt": "a", "completion": "b", "label": "0.0"}"#, ["Q: a\nA:", " b."], false),
    (
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "kto_tag": true}"#,
      ["Q: a\nA:", " b."], true
    ),
  ])
  func unpairedAnswersAreRead(row: String, expected: [String], isDesirable: Bool) throws {
    let data = try unpaired(row)
    #expect([text(data[0].prompt), text(data[0].completion)] == expected)
    #expect(data[0].isDesirable == isDesirable && data.count == 1)
  }

  @Test(arguments: [
    (#"{"prompt": "a", "completion": "b"}"#, "the row has no \"label\""),
    (#"{"prompt": "a", "completion": "b", "label": "yes"}"#, "\"label\" is neither true nor false"),
    (#"{"prompt": "a", "label": true}"#, "the row has no \"completion\""),
    (#"{"text": "a", "label": true}"#, "the row has none of the known forms"),
    (
      #"{"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], "label": true}"#,
      "an answer does not begin and end with an assistant turn"
    ),
  ])
  func unpairedAnswersThatCannotBeUsedAreCounted(row: String, reason: String) throws {
    let good = #"{"prompt": "a", "completion": "b", "label": true}"#
    let data = try unpaired("\(good)\n\(row)")
    #expect(data.count == 1 && data.summary.drops.map(\.reason) == [reason])
  }

  @Test func rowsOfTheOtherKindAreToldWhoReadsThem() throws {
    let labelled = refusal { _ = try open(#"{"prompt": "a", "completion": "b", "label": true}"#) }
    #expect(labelled?.notes.contains("answers with a label are read with objective.name=kto") == true)
    let pair = refusal { _ = try unpaired(#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#) }
    #expect(pair?.notes.contains("pairs are read without objective.name=kto, by the objective dpo") == true)
  }

  @Test func theLastPairsAreHeldOut() throws {
    let rows = (0..<10).map { #"{"prompt": "a", "chosen": "b\#($0)", "rejected": "c"}"# }.joined(separator: "\n")
    let (train, validation) = try open(rows).split(fraction: 0.2, seed: nil)
    #expect(train.count == 8 && validation.count == 2 && texts(validation) == ["Q: a\nA:", " b8.", " c."])
    #expect(train.digest != validation.digest)
    let unpairedRows = (0..<10).map { #"{"prompt": "a", "completion": "b\#($0)", "label": \#($0 % 2)}"# }
    let parts = try unpaired(unpairedRows.joined(separator: "\n")).split(fraction: 0.1, seed: nil)
    #expect(parts.train.count == 9 && parts.validation.count == 1 && parts.validation[0].isDesirable)
  }
}
