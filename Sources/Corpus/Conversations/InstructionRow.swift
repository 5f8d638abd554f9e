import Files
import Tokenizers

/// What a row for instruction tuning holds.
enum InstructionRow {
  /// Turns, which a chat template writes. Those from `answers` on are the answer; nil leaves that to the roles.
  case conversation(ChatInput, answers: Int?)
  /// Text as it is, trained as a whole.
  case text(String)
}

extension TuningRow {
  /// The row as an example to learn from; its form is recognised by its columns.
  ///
  /// Known forms: `messages`, ShareGPT's `conversations`, Alpaca's `instruction`/`input`/`output` and Dolly's
  /// `instruction`/`context`/`response`, `prompt`/`completion` (texts or messages), `question`/`answer`, torchtune's
  /// `input`/`output`, and `text`.
  func instruction() throws(Failure) -> InstructionRow {
    if has("messages") { return try conversation(messages("messages")) }
    if has("conversations") { return try conversation(messages("conversations")) }
    if has("instruction"), has("output") || !has("text") {
      return try conversation(alpacaPrompt() + [answer("output")])
    }
    if has("prompt"), has("completion") {
      let prompt = try withSystem(turns("prompt", as: "user"))
      return try conversation(prompt + turns("completion", as: "assistant"), answers: prompt.count)
    }
    if has("question"), has("answer") {
      return try conversation([Message(role: "user", content: text("question")), answer("answer")])
    }
    if hasOwn("input"), has("output") {
      return try conversation([Message(role: "user", content: text("input")), answer("output")])
    }
    if has("text") { return .text(try text("text")) }
    if has("chosen", "rejected") {
      throw unusable("a preference pair where an instruction is expected", "train dpo reads pairs")
    }
    throw unknownForm(
      "messages, conversations, instruction/output, prompt/completion, question/answer, input/output, or text")
  }

  /// The turns before the answer of an Alpaca row: the pairs of `history`, `instruction` with `input`.
  func alpacaPrompt() throws(Failure) -> [Message] {
    var messages: [Message] = []
    if let history = self["history"] {
      for pair in history.array ?? [] {
        guard let turns = pair.array, turns.count == 2, let question = turns[0].string, let answer = turns[1].string
        else {
          throw unusable("\"\(name("history"))\" is no list of pairs of texts")
        }
        messages += [Message(role: "user", content: question), Message(role: "assistant", content: answer)]
      }
    }
    let instruction = try text("instruction")
    let input = try optionalText("input").flatMap { $0.isBlank ? nil : $0 }
    return messages + [Message(role: "user", content: input.map { instruction + inputSeparator + $0 } ?? instruction)]
  }

  /// The turns of a column that holds either messages or the text of one turn.
  func turns(_ column: String, as role: String) throws(Failure) -> [Message] {
    guard self[column]?.string != nil else { return try messages(column) }
    return [Message(role: role, content: try text(column))]
  }

  func answer(_ column: String) throws(Failure) -> Message { Message(role: "assistant", content: try text(column)) }

  private func conversation(_ messages: [Message], answers: Int? = nil) throws(Failure) -> InstructionRow {
    guard messages.contains(where: { $0.role == "assistant" || $0.isTrained == true }) else {
      throw unusable("the row has no assistant turn")
    }
    return .conversation(try input(withSystem(messages)), answers: answers)
  }

  func unknownForm(_ known: String) -> Failure {
    unusable(
      "the row has none of the known forms", "found \(foundColumns)", "known: \(known)",
      "data.fields gives columns other names: {\"instruction\": \"your name for it\"}")
  }
}
