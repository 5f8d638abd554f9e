import Files
import Jinja

extension ChatInput {
  /// The variables that a template sees, each with its origin.
  func values(for template: ChatTemplate) -> [(name: String, value: Value)] {
    var values: [(name: String, value: Value)] = []
    let messages = messages.enumerated().map { $1.value(at: $0, for: template) }
    values.append(("messages", .list(Value.List(messages))))
    if template.readsTools {
      values.append(("tools", tools.map { Value($0, origin: ChatOrigin.tools.number) } ?? .null))
    }
    if template.readsDocuments { values.append(("documents", .null)) }
    for variable in variables {
      values.append((variable.key, Value(variable.value, origin: ChatOrigin.variable.number)))
    }
    return values
  }
}

extension NamedTokens {
  /// The variables that a template sees of them.
  var values: [(name: String, value: Value)] {
    var values: [(name: String, value: Value)] = entries.map { ($0.name, .text($0.text)) }
    if !additional.isEmpty {
      values.append(("additional_special_tokens", .list(Value.List(additional.map { .text($0) }))))
    }
    return values
  }
}

extension Message {
  private static let roleKey = Value.text("role")
  private static let contentKey = Value.text("content")

  /// The message as a template sees it.
  fileprivate func value(at index: Int, for template: ChatTemplate) -> Value {
    func origin(_ field: ChatOrigin.Field) -> Int32 { ChatOrigin.message(index, field).number }
    var entries: [(key: Value, value: Value)] = [(Self.roleKey, .string(Text(role, origin: origin(.role))))]
    if hasContent { entries.append((Self.contentKey, content(for: template, origin(.content)))) }
    if members.isEmpty, order == nil {
      return .dictionary(Value.Dictionary(distinct: entries, origin: origin(.whole)))
    }
    for member in members {
      entries.append((.text(member.key), Value(member.value, origin: origin(Self.field(of: member.key)))))
    }
    if let order { entries = ordered(entries, order) }
    for (key, value) in aliases(for: template) {
      entries.append((.text(key), Value(value, origin: origin(Self.field(of: key)))))
    }
    return .dictionary(Value.Dictionary(entries, origin: origin(.whole)))
  }

  /// The turn's names and values, in the order of the file.
  private func ordered(_ entries: [(key: Value, value: Value)], _ order: [String]) -> [(key: Value, value: Value)] {
    let names = ["role"] + (hasContent ? ["content"] : []) + members.map(\.key)
    let places = names.map { order.firstIndex(of: $0) ?? order.count }
    return entries.indices.sorted { (places[$0], $0) < (places[$1], $1) }.map { entries[$0] }
  }

  private static func field(of name: String) -> ChatOrigin.Field {
    thoughtNames.contains(name) ? .thought : callNames.contains(name) ? .calls : .other
  }

  /// Parts of text are given as they are to a template that reads their `text`, and as one text to others.
  private func content(for template: ChatTemplate, _ origin: Int32) -> Value {
    guard let contentParts, contentParts.isNull || template.mentions("text") else {
      return .string(Text(content, origin: origin))
    }
    return Value(contentParts, origin: origin)
  }

  /// Thoughts and calls under the name that the template reads: files and templates disagree about it.
  private func aliases(for template: ChatTemplate) -> [(String, JSONValue)] {
    var aliases: [(String, JSONValue)] = []
    let names = Self.thoughtNames
    if let given = names.first(where: { self[$0] != nil }), !template.mentions(given),
      let read = names.first(where: { template.mentions($0) }), let value = self[given]
    {
      aliases.append((read, value))
    }
    if let call = self["function_call"], self["tool_calls"] == nil, !template.mentions("function_call") {
      let entry = JSONValue([JSONMember("type", JSONValue("function")), JSONMember("function", call)])
      aliases.append(("tool_calls", JSONValue([entry])))
    }
    return aliases
  }
}
