import Jinja

/// Where a piece of a conversation's text came from: a field of a message, or what else the template was given.
enum ChatOrigin: Equatable {
  case message(Int, Field)
  case tools
  case variable

  /// The parts of a message.
  enum Field: Int32 {
    /// The message as a whole.
    case whole
    case role, content, thought, calls, other
  }

  private static let fields: Int32 = 8
  private static let toolsNumber: Int32 = .max
  private static let variableNumber: Int32 = .max - 1

  /// The number that Jinja's values carry.
  var number: Int32 {
    switch self {
    case .message(let index, let field): Int32(index) * Self.fields + field.rawValue
    case .tools: Self.toolsNumber
    case .variable: Self.variableNumber
    }
  }

  /// nil for the template's own text.
  init?(_ number: Int32) {
    switch number {
    case Mark.none: return nil
    case Self.toolsNumber: self = .tools
    case Self.variableNumber: self = .variable
    default: self = .message(Int(number / Self.fields), Field(rawValue: number % Self.fields) ?? .other)
    }
  }

  /// The message that it is part of.
  var message: Int? { if case .message(let index, _) = self { index } else { nil } }

  /// Whether it is what a message's author says: its content, its thoughts, its calls of tools.
  var isSaid: Bool {
    if case .message(_, let field) = self { [.content, .thought, .calls].contains(field) } else { false }
  }
}
