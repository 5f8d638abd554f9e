import Files
import Tokenizers

/// Lists of turns, `[{"role": ..., "content": ...}, ...]`, and ShareGPT's, `[{"from": "human", "value": ...}, ...]`.
extension TuningRow {
  /// The turns in a column: a list of them, or a single one.
  func messages(_ column: String) throws(Failure) -> [Message] {
    guard let value = self[column] else { throw unusable("the row has no \"\(name(column))\"") }
    let list = try list(value)
    guard let list else {
      throw unusable(
        "\"\(name(column))\" is no list of messages",
        "found \(value.found)\(Self.textColumns.contains(column) ? ", which is no text either" : "")",
        Self.quotingNote(name(column), value))
    }
    if list.isEmpty { throw unusable("\"\(name(column))\" is empty") }
    var messages: [Message] = []
    for (index, item) in list.enumerated() { messages.append(try message(item, index)) }
    return messages
  }

  /// Columns that hold either messages or a text.
  private static let textColumns = ["prompt", "completion", "chosen", "rejected", "question"]

  /// The elements of a list, a single object as one, and those of a text that is the JSON of either, as columns of delimited values
  /// have them.
  private func list(_ value: JSONValue) throws(Failure) -> [JSONValue]? {
    if value.object != nil { return [value] }
    guard let text = value.string else { return value.array }
    let parsed = try? JSONValue.parse(Array(text.utf8), source: place, area: .data)
    return parsed?.object == nil ? parsed?.array : parsed.map { [$0] }
  }

  private func message(_ item: JSONValue, _ index: Int) throws(Failure) -> Message {
    func number() -> String { "it is message \(index + 1)" }
    guard let members = item.object else { throw unusable("a message is no object", number(), "found \(item.kind)") }
    let (roleName, contentName) = (name("role"), name("content"))
    func column(_ name: String, or other: String) -> String { item[name] == nil ? other : name }
    let (roleColumn, contentColumn) = (column(roleName, or: "from"), column(contentName, or: "value"))
    guard let role = item[roleColumn]?.string else { throw unusable("a message has no role", number()) }
    var message = Message(role: Self.roles[role] ?? Self.roles[role.lowercased()] ?? role, content: "")
    if members.count > 2 || item[contentColumn] == nil {
      message.isTrained = try isTrained(item, number())
      let known = [roleColumn, contentColumn] + Self.trainedNames
      message.members = members.filter { !known.contains($0.key) && !$0.value.isNull }
    }
    message.order = Self.order(members, roleColumn, contentColumn)
    try setContent(of: &message, to: item[contentColumn], number())
    if message.role == "assistant", Self.callRoles.contains(role.lowercased()) {
      try moveContentToCalls(&message, number())
    }
    return message
  }

  /// The names of a message's keys, where role and content are not the first; nil where they are.
  private static func order(_ members: [JSONMember], _ role: String, _ content: String) -> [String]? {
    if members.first?.key == role, members.count < 2 || members[1].key == content { return nil }
    return members.map { $0.key == role ? "role" : $0.key == content ? "content" : $0.key }
  }

  /// Text, a list of parts that are all text, or nothing beside calls of tools.
  private func setContent(of message: inout Message, to content: JSONValue?, _ number: @autoclosure () -> String)
    throws(Failure)
  {
    if let text = content?.string {
      message.content = text
      return
    }
    guard let content, !content.isNull else {
      let hasMore = (Message.callNames + Message.thoughtNames).contains { message[$0] != nil }
      guard hasMore else { throw unusable("a message has no content", number()) }
      message.contentParts = content
      message.hasContent = content != nil
      return
    }
    guard let parts = content.array else {
      throw unusable("a message's content is no text", number(), "found \(content.kind)")
    }
    for part in parts {
      guard part["type"]?.string == "text", let text = part["text"]?.string else {
        throw unusable(
          "a message's content has parts that are no text", number(), "found \(part["type"]?.string ?? part.kind)")
      }
      message.content += text
    }
    message.contentParts = content
  }

  /// ShareGPT's turn of a call: its text is the JSON of a call or of several.
  private func moveContentToCalls(_ message: inout Message, _ number: String) throws(Failure) {
    guard let call = try? JSONValue.parse(Array(message.content.utf8), source: place, area: .data) else {
      throw unusable("a call of a tool is no JSON", number)
    }
    let calls = (call.array ?? [call]).map { JSONValue([JSONMember("type", "function"), JSONMember("function", $0)]) }
    guard calls.allSatisfy({ $0["function"]?["name"]?.string != nil }) else {
      throw unusable("a call of a tool has no name", number)
    }
    message.content = ""
    message["tool_calls"] = JSONValue(calls)
  }

  static let trainedNames = ["train", "weight", "loss", "loss_mask"]

  /// Whether the message is trained on, as its file says: true or false, 1 or 0.
  private func isTrained(_ item: JSONValue, _ number: String) throws(Failure) -> Bool? {
    for name in Self.trainedNames {
      guard let value = item[name], !value.isNull else { continue }
      if let isTrained = value.bool { return isTrained }
      switch value.double {
      case 0: return false
      case 1: return name == "weight" ? nil : true
      default:
        throw unusable("a message's \"\(name)\" is neither true nor false, 1 nor 0", number, "found \(value.found)")
      }
    }
    return nil
  }

  /// The names in use for the four roles; others are the template's affair.
  private static let roles = [
    "system": "system", "user": "user", "human": "user", "prompter": "user", "assistant": "assistant",
    "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "ai": "assistant", "model": "assistant",
    "bing": "assistant", "bard": "assistant", "claude": "assistant", "function_call": "assistant",
    "tool_call": "assistant", "tool": "tool", "function": "tool", "observation": "tool", "function_response": "tool",
    "tool_response": "tool", "ipython": "tool", "developer": "developer",
  ]

  private static let callRoles = ["function_call", "tool_call"]
}
