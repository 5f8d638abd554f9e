import Files

/// A turn of a conversation.
public struct Message: Sendable {
  /// Who speaks: `system`, `user`, `assistant`, `tool`, or what else a template has a place for.
  public var role: String
  /// What is said; empty where the turn has no text.
  public var content: String
  /// Whether the turn is trained on; nil where its role decides.
  public var isTrained: Bool?
  /// The content as the file has it, where that is no text: null, or a list of parts.
  package var contentParts: JSONValue?
  /// Whether the file has a content, if only null: templates may ask, and write None of one that is null.
  package var hasContent = true
  /// The names of all that the turn has, in the order of the file, where that does not begin with role and content: a
  /// template may write a turn as a whole.
  package var order: [String]?
  /// What the turn has besides: `reasoning_content`, `tool_calls`, `name`, ...
  package var members: [JSONMember] = []

  public init(role: String, content: String, isTrained: Bool? = nil) {
    self.role = role
    self.content = content
    self.isTrained = isTrained
  }

  /// What the turn has under a name besides role and content; null is as good as nothing.
  package subscript(name: String) -> JSONValue? {
    get { members.first { $0.key == name && !$0.value.isNull }?.value }
    set {
      members.removeAll { $0.key == name }
      if let newValue { members.append(JSONMember(name, newValue)) }
    }
  }

  /// The names that files and templates have for calls of tools, and for thoughts.
  package static let callNames = ["tool_calls", "function_call"]
  package static let thoughtNames = ["reasoning_content", "thinking", "reasoning"]

  /// Whether the turn calls tools; an empty list is none.
  package var callsTools: Bool {
    Self.callNames.contains { name in self[name].map { $0.array?.isEmpty != true } ?? false }
  }
}

extension Message: Equatable {
  /// Equality of the bytes: two spellings of the same character are different text to a model.
  public static func == (left: Message, right: Message) -> Bool {
    left.role.hasSameBytes(as: right.role) && left.content.hasSameBytes(as: right.content)
      && left.isTrained == right.isTrained && left.contentParts == right.contentParts
      && left.hasContent == right.hasContent
      && left.members == right.members
  }
}

/// What a chat template is given: turns, and what else it can read.
public struct ChatInput: Sendable {
  /// The turns.
  public var messages: [Message]
  /// The tools that the model is shown: a list of JSON schemas.
  package var tools: JSONValue?
  /// Further variables, such as `documents` and `enable_thinking`: `chat_template_kwargs`.
  package var variables: [JSONMember]

  /// The variables that are not among the further ones: each has a place of its own.
  package static let ownVariables = ["messages", "tools", "add_generation_prompt"]

  public init(_ messages: [Message]) { self.init(messages, tools: nil) }

  package init(_ messages: [Message], tools: JSONValue?, variables: [JSONMember] = []) {
    self.messages = messages
    self.tools = tools
    self.variables = variables
  }
}
