import Files
import Tokenizers

/// Lists of turns, `[{"role": ..., "content": ...}, ...]`, and ShareGPT's, `[{"from": "human", "value": ...}, ...]`.
extension TuningRow {
  /// The turns in a column: a list of them, or a single one.
  func messages(_ column: String) throws(Failure) -> [Message] {
    guard let value = self[column] else { throw unusable("the row has no \"\(name(column))\"") }
    let list = value.object == nil ? value.array : [value]
    guard let list else { throw unusable("\"\(name(column))\" is no list of messages", "found \(value.kind)") }
    if list.isEmpty { throw unusable("\"\(name(column))\" is empty") }
    var messages: [Message] = []
    for (index, item) in list.enumerated() { messages.append(try message(item, index)) }
    return messages
  }

  private func message(_ item: JSONValue, _ index: Int) throws(Failure) -> Message {
    let number = "it is message \(index + 1)"
    func member(_ column: String, or other: String) -> JSONValue? { item[name(column)] ?? item[other] }
    guard item.object != nil else { throw unusable("a message is no object", number, "found \(item.kind)") }
    guard let role = member("role", or: "from")?.string else { throw unusable("a message has no role", number) }
    guard let known = Self.roles[role] else {
      throw unusable(
        "a message has an unknown role", "\(number), \"\(role)\"", "known are system, user, assistant, tool")
    }
    guard let content = member("content", or: "value").flatMap(Self.text) else {
      throw unusable("a message's content is no text", number)
    }
    return Message(role: known, content: content, isTrained: try isTrained(item, number))
  }

  /// Text, or a list of parts that are all text.
  private static func text(of content: JSONValue) -> String? {
    if let text = content.string { return text }
    guard let parts = content.array, !parts.isEmpty else { return nil }
    let texts = parts.compactMap { $0["type"]?.string == "text" ? $0["text"]?.string : nil }
    return texts.count == parts.count ? texts.joined() : nil
  }

  /// `"train": false`, or a `"weight"` of 0 as OpenAI writes it.
  private func isTrained(_ item: JSONValue, _ number: String) throws(Failure) -> Bool? {
    if let train = item["train"], !train.isNull {
      guard let train = train.bool else { throw unusable("a message's \"train\" is neither true nor false", number) }
      return train
    }
    return item["weight"]?.double == 0 ? false : nil
  }

  /// The names in use for the four roles.
  private static let roles = [
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "bot": "assistant", "model": "assistant", "function_call": "assistant", "tool": "tool",
    "function": "tool", "observation": "tool", "function_response": "tool", "ipython": "tool",
  ]
}

extension TuningRow {
  /// Refuses turns that make no conversation: a system turn can only come first, then user and assistant take turns;
  /// results of tools may come in a row, between two assistant turns.
  func checkTurns(_ messages: [Message]) throws(Failure) {
    var last = ""
    for (index, message) in messages.enumerated() {
      let isInOrder =
        switch message.role {
        case "system": index == 0
        case "user": last != "user"
        case "tool": last == "assistant" || last == "tool"
        default: last == "user" || last == "tool"
        }
      if !isInOrder {
        let behind = last.isEmpty ? "the beginning" : "a turn of \(last)"
        throw unusable(
          "the turns are out of order", "message \(index + 1) is a turn of \(message.role) behind \(behind)")
      }
      if message.content.isBlank, message.role != "system" {
        throw unusable("a message is empty", "message \(index + 1), a turn of \(message.role)")
      }
      last = message.role
    }
    guard messages.contains(where: { $0.role == "assistant" }) else { throw unusable("the row has no assistant turn") }
  }
}
