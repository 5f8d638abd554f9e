import Files
import Tokenizers

extension TuningRow {
  /// What a template is given of the row, with these turns.
  func input(_ messages: [Message]) throws(Failure) -> ChatInput {
    var input = ChatInput(messages, tools: try tools())
    if let documents = self["documents"] { input.variables.append(JSONMember("documents", documents)) }
    if let variables = self["chat_template_kwargs"] {
      guard let members = variables.object else {
        throw unusable("\"\(name("chat_template_kwargs"))\" is no object", "found \(variables.kind)")
      }
      if let name = members.first(where: { ChatInput.ownVariables.contains($0.key) })?.key {
        throw unusable("\"\(self.name("chat_template_kwargs"))\" has \"\(name)\", which it cannot set")
      }
      input.variables += members
    }
    return input
  }

  /// The tools of the row: a list, which may be empty, or the text of one.
  private func tools() throws(Failure) -> JSONValue? {
    guard let value = self["tools"] else { return nil }
    var list = value
    if let text = value.string {
      if text.isBlank { return nil }
      guard let parsed = try? JSONValue.parse(Array(text.utf8), source: place, area: .data) else {
        throw unusable("\"\(name("tools"))\" is a text that is no JSON")
      }
      list = parsed
    }
    if list.array == nil { throw unusable("\"\(name("tools"))\" is no list", "found \(list.kind)") }
    return list
  }

  /// The turns, after the system text that the row has in a column of its own; a system turn among them counts instead.
  func withSystem(_ messages: [Message]) throws(Failure) -> [Message] {
    guard messages.first?.role != "system", messages.first?.role != "developer",
      let system = try optionalText("system"), !system.isBlank
    else { return messages }
    return [Message(role: "system", content: system)] + messages
  }

  /// What the row has and is not read, as remarks that are counted.
  ///
  /// - Parameter messages: the turns that were made of it.
  func unread(isText: Bool, _ messages: [Message] = []) -> [String] {
    var others: [String] = []
    if let system = self["system"]?.string, let first = messages.first,
      first.role == "system" || first.role == "developer",
      !system.isBlank, !first.content.hasSameBytes(as: system)
    {
      others = ["\"\(name("system"))\" is not read where the turns begin with another system text"]
    }
    if !has("instruction"), has("question") || has("prompt"),
      let context = ["context", "input"].first(where: { member($0) != nil })
    {
      others.append("\"\(context)\" is not read beside \"\(name(has("question") ? "question" : "prompt"))\"")
    }
    let ofText = isText ? ["system", "tools", "documents", "chat_template_kwargs"].filter { has($0) } : []
    return others + Self.trainedNames.filter { member($0) != nil }.map { "\"\($0)\" of a row is not read" }
      + ofText.map { "\"\(name($0))\" is not read beside plain text" }
  }

  /// What is to be said of an answer that is marked as unwanted where every answer is trained.
  var unreadLabel: [String] {
    guard let label = self["label"], label.bool == false || label.string?.lowercased() == "false" else { return [] }
    return [
      "answers with a \"\(name("label"))\" of false are trained as the others; for train dpo and objective kto they count as unwanted"
    ]
  }
}
