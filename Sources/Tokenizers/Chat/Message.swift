import Files

/// A turn of a conversation.
public struct Message: Sendable {
  /// Who speaks: `system`, `user`, `assistant`, `tool`, or what else a template has a place for.
  public var role: String
  /// What is said.
  public var content: String
  /// Whether the turn is trained on; nil where its role decides.
  public var isTrained: Bool?

  public init(role: String, content: String, isTrained: Bool? = nil) {
    self.role = role
    self.content = content
    self.isTrained = isTrained
  }
}

extension Message: Equatable {
  /// Equality of the bytes: two spellings of the same character are different text to a model.
  public static func == (left: Message, right: Message) -> Bool {
    left.role.hasSameBytes(as: right.role) && left.content.hasSameBytes(as: right.content)
      && left.isTrained == right.isTrained
  }
}
