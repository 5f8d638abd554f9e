/// Why a template cannot be read or rendered.
package struct TemplateError: Error, Equatable {
  package enum Kind: Sendable {
    /// The template's text is not Jinja, or has what is not supported here.
    case syntax
    /// The template itself refuses its values: `raise_exception`.
    case raised
    /// An operation on values that have none of that kind.
    case runtime
    /// Too much time, memory or nesting.
    case limit
  }

  package let kind: Kind
  package let message: String
  /// 1-based.
  package let line: Int
  package let column: Int

  init(_ kind: Kind, _ message: String, line: Int = 0, column: Int = 0) {
    self.kind = kind
    self.message = message
    self.line = line
    self.column = column
  }
}

/// What a rendering may use, so that a hostile template neither hangs nor fills the memory.
package struct Limits: Sendable {
  /// The number of steps: nodes that are evaluated, items that are looked at.
  package var steps = 20_000_000
  /// The bytes of all texts and lists that are made.
  package var bytes = 1 << 30
  /// How deep calls and expressions nest.
  package var depth = 200

  package init() {}
}

/// A place in the template's text: the offset of a byte.
struct Position: Sendable, Equatable {
  let offset: Int32

  init(_ offset: Int) { self.offset = Int32(clamping: offset) }
}
