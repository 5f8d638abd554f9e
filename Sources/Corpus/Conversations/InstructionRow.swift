import Files
import Tokenizers

/// What a row for instruction tuning holds.
enum InstructionRow {
  /// Turns, which a chat template writes.
  case conversation([Message])
  /// Text as it is, trained as a whole.
  case text(String)
}

extension TuningRow {
  /// The row as an example to learn from; its form is recognised by its columns.
  ///
  /// Known forms: `messages`, ShareGPT's `conversations`, Alpaca's `instruction`/`input`/`output`, `prompt`/`completion`
  /// (texts or messages), `question`/`answer`, and `text`.
  func instruction() throws(Failure) -> InstructionRow {
    if has("messages") { return .conversation(try checked(messages("messages"))) }
    if has("conversations") { return .conversation(try checked(messages("conversations"))) }
    if has("instruction"), has("output") || !has("text") {
      return .conversation(try checked(alpacaPrompt() + [answer("output")]))
    }
    if has("prompt"), has("completion") {
      return .conversation(try checked(turns("prompt", as: "user") + turns("completion", as: "assistant")))
    }
    if has("question"), has("answer") {
      return .conversation(try checked([Message(role: "user", content: text("question")), answer("answer")]))
    }
    if has("text") { return .text(try text("text")) }
    if has("chosen", "rejected") {
      throw unusable("a preference pair where an instruction is expected", "train dpo reads pairs")
    }
    throw unknownForm(
      "messages, conversations, instruction/output, prompt/completion, question/answer, or text")
  }

  /// The turns before the answer of an Alpaca row: `system`, the pairs of `history`, `instruction` with `input`.
  func alpacaPrompt() throws(Failure) -> [Message] {
    var messages = try systemTurn()
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

  /// The turns of a column that holds either messages or the text of one turn, after the row's system turn.
  func turns(_ column: String, as role: String) throws(Failure) -> [Message] {
    guard self[column]?.string != nil else { return try messages(column) }
    let message = Message(role: role, content: try text(column))
    return role == "user" ? try systemTurn() + [message] : [message]
  }

  func answer(_ column: String) throws(Failure) -> Message { Message(role: "assistant", content: try text(column)) }

  private func systemTurn() throws(Failure) -> [Message] {
    guard let system = try optionalText("system"), !system.isBlank else { return [] }
    return [Message(role: "system", content: system)]
  }

  private func checked(_ messages: [Message]) throws(Failure) -> [Message] {
    try checkTurns(messages)
    return messages
  }

  func unknownForm(_ known: String) -> Failure {
    unusable(
      "the row has none of the known forms", "found \(foundColumns)", "known: \(known)",
      "data.fields gives columns other names: {\"instruction\": \"your name for it\"}")
  }
}
