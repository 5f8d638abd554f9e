/// An expression and where it stands.
struct Expression: Sendable {
  indirect enum Kind: Sendable {
    case text(Text)
    case constant(Value)
    case name(Name)
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    /// `object.name`
    case attribute(Expression, Text)
    /// `object[key]`
    case item(Expression, Expression)
    /// `object[start:stop:step]`
    case slice(Expression, [Expression?])
    case call(Expression, Arguments)
    case filter(Expression, String, Arguments)
    case test(Expression, String, Arguments, negated: Bool)
    case not(Expression)
    case negative(Expression)
    case positive(Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case operation(Operator, Expression, Expression)
    case concatenation([Expression])
    case comparison(Expression, [(Comparison, Expression)])
    /// `value if test else other`
    case condition(test: Expression, value: Expression, other: Expression?)
  }

  let kind: Kind
  let position: Position
  /// How deep the expressions inside it nest.
  let height: Int16

  init(kind: Kind, position: Position) {
    self.kind = kind
    self.position = position
    height = 1 + (kind.parts.lazy.map(\.height).max() ?? 0)
  }
}

extension Expression {
  /// What is added, and where its plus sign stands.
  typealias Term = (value: Expression, position: Position)

  /// `a + b + c` as its first value and what is added to it.
  var terms: (first: Expression, rest: [Term]) {
    var rest: [Term] = []
    var first = self
    while case .operation(.add, let left, let right) = first.kind {
      rest.append((right, first.position))
      first = left
    }
    return (first, rest.reversed())
  }
}

extension Expression.Kind {
  /// The expressions that it is made of.
  fileprivate var parts: [Expression] {
    switch self {
    case .text, .constant, .name: []
    case .list(let items), .tuple(let items), .concatenation(let items): items
    case .dictionary(let entries): entries.flatMap { [$0.key, $0.value] }
    case .attribute(let object, _), .not(let object), .negative(let object), .positive(let object): [object]
    case .item(let left, let right), .and(let left, let right), .or(let left, let right),
      .operation(_, let left, let right):
      [left, right]
    case .slice(let object, let bounds): [object] + bounds.compactMap(\.self)
    case .call(let object, let arguments), .filter(let object, _, let arguments),
      .test(let object, _, let arguments, _):
      [object] + arguments.positional + arguments.named.map(\.value) + arguments.list + arguments.dictionary
    case .comparison(let first, let rest): [first] + rest.map(\.1)
    case .condition(let test, let value, let other): [test, value] + [other].compactMap(\.self)
    }
  }
}

enum Operator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case divideDown = "//"
  case remainder = "%"
  case power = "**"
}

enum Comparison: String, Sendable {
  case equal = "=="
  case unequal = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

/// The arguments of a call, a filter or a test.
struct Arguments: Sendable {
  var positional: [Expression] = []
  var named: [(name: String, value: Expression)] = []
  /// `*list`
  var list: [Expression] = []
  /// `**dictionary`
  var dictionary: [Expression] = []
}

/// A variable's name, as a number: scopes are searched at every use.
struct Name: Sendable, Equatable {
  let number: Int
}

/// What a name or names of a `set` or `for` receive.
indirect enum Target: Sendable {
  case name(Name)
  case names([Target])
  /// `namespace.attribute`
  case attribute(Name, Text)
}

/// A statement and where it stands.
struct Statement: Sendable {
  indirect enum Kind: Sendable {
    case text(Text)
    case output(Expression)
    case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
    case loop(ForLoop)
    case set(Target, Expression)
    /// `{% set name %}...{% endset %}`, with the filters of its tag applied to the text.
    case setBlock(Target, body: [Statement], filters: [Expression])
    case macro(Name, MacroDefinition)
    /// `{% call(...) macro(...) %}`
    case call(Expression, MacroDefinition)
    case filterBlock(body: [Statement], filters: [Expression])
    case with([(Target, Expression)], body: [Statement])
    /// `{% generation %}`, whose body is a block that nothing calls with arguments.
    case generation(MacroDefinition)
    case breakLoop
    case continueLoop
  }

  let kind: Kind
  let position: Position
}

struct ForLoop: Sendable {
  let target: Target
  let items: Expression
  let condition: Expression?
  let body: [Statement]
  let otherwise: [Statement]
  let isRecursive: Bool
}

/// A macro's parameters and body.
final class MacroDefinition: Sendable {
  let name: String
  let parameters: [(name: String, id: Name, standard: Expression?)]
  let body: [Statement]
  /// Whether the body reads `varargs`, `kwargs`, `caller`: others take no further arguments.
  let takesMorePositional: Bool
  let takesMoreNamed: Bool
  let takesCaller: Bool

  init(
    name: String, parameters: [(name: String, id: Name, standard: Expression?)], body: [Statement], reads: Set<String>
  ) {
    self.name = name
    self.parameters = parameters
    self.body = body
    takesMorePositional = reads.contains("varargs")
    takesMoreNamed = reads.contains("kwargs")
    takesCaller = reads.contains("caller")
  }
}
