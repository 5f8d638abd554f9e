/// Renders the statements of a template.
struct Interpreter {
  private let source: TemplateSource
  let names: NameTable
  let now: TemplateTime
  var scope = Scope()
  /// Where the statement or expression at work stands.
  var position = Position(0)
  /// The origin of the innermost loop's item that has one.
  var item = Mark.none
  private var isInLoop = false
  private var isGenerated = false
  private var output = Text()
  private var limits: Limits
  private var depth = 0
  /// Scopes with macros and namespaces, which may hold themselves: they are emptied at the end.
  private var scopesWithMacros: [Scope] = []
  var namespaces: [Namespace] = []

  /// What follows a statement.
  private enum Flow { case next, breakLoop, continueLoop }

  init(source: TemplateSource, names: NameTable, limits: Limits, now: TemplateTime) {
    self.source = source
    self.names = names
    self.limits = limits
    self.now = now
  }

  mutating func set(_ name: String, _ value: Value) {
    if let name = names.number(of: name) { scope.set(name, value) }
  }

  mutating func render(_ body: [Statement]) throws(TemplateError) -> Text {
    defer {
      for scope in scopesWithMacros { scope.removeAll() }
      for namespace in namespaces { namespace.attributes = [] }
    }
    _ = try execute(body)
    return output
  }

  // MARK: Limits and errors

  func failure(_ message: String, _ kind: TemplateError.Kind = .runtime) -> TemplateError {
    source.error(kind, message, at: position)
  }

  /// Counts a step of work, or several.
  mutating func step(_ count: Int = 1) throws(TemplateError) {
    limits.steps -= count
    if limits.steps < 0 { throw failure("the template takes too long: too many steps", .limit) }
  }

  /// Counts the bytes of what is made, before it is made.
  mutating func allocate(_ bytes: Int) throws(TemplateError) {
    limits.bytes -= bytes
    if limits.bytes < 0 { throw failure("the template makes too much text", .limit) }
    try step(bytes / 32)
  }

  mutating func enter() throws(TemplateError) {
    depth += 1
    if depth > limits.depth { throw failure("the template nests too deeply", .limit) }
    try step()
  }

  mutating func leave() { depth -= 1 }

  // MARK: Output

  /// What `{{ }}` writes for a value.
  mutating func text(of value: Value) throws(TemplateError) -> Text {
    try allocate(value.weight)
    if value.hasNoText { throw failure("a value of type '\(value.typeName)', or one in it, cannot be written as text") }
    return value.asText
  }

  private mutating func write(_ text: Text) throws(TemplateError) {
    if text.isEmpty { return }
    try allocate(text.bytes.count)
    if item == Mark.none, !isGenerated { return output.append(text) }
    output.append(
      text.marked { mark in
        if item != Mark.none { mark.item = item }
        if isGenerated { mark.isGenerated = true }
      })
  }

  /// Writes what `{{ expression }}` does. The texts of a sum are written one by one, where to sum them up would copy them.
  private mutating func writeValue(of expression: Expression) throws(TemplateError) {
    guard case .operation(.add, _, _) = expression.kind else { return try write(text(of: evaluate(expression))) }
    let (first, terms) = expression.terms
    var values = [try evaluate(first)]
    for term in terms { values.append(try evaluate(term.value)) }
    var texts: [Text] = []
    for case .string(let text) in values where !text.isMarkup { texts.append(text) }
    guard texts.count == values.count else {
      return try write(text(of: sum(values, terms.map(\.position))))
    }
    for text in texts { try write(text) }
  }

  /// The text that `body` writes, in a scope of its own.
  mutating func captured(_ body: [Statement], in scope: Scope) throws(TemplateError) -> Text {
    try block(body, in: scope).text
  }

  /// The text that `body` writes, in a scope of its own, and what follows it.
  private mutating func block(
    _ body: [Statement], in scope: Scope
  ) throws(TemplateError) -> (text: Text, flow: Flow) {
    let outer = (self.scope, output)
    (self.scope, output) = (scope, Text())
    defer { (self.scope, output) = outer }
    let flow = try execute(body)
    return (output, flow)
  }

  // MARK: Statements

  private mutating func execute(_ body: [Statement]) throws(TemplateError) -> Flow {
    try enter()
    defer { leave() }
    for statement in body {
      let flow = try execute(statement)
      if flow != .next { return flow }
    }
    return .next
  }

  private mutating func execute(_ statement: Statement) throws(TemplateError) -> Flow {
    switch statement.kind {
    case .text(let text): try write(text)
    case .output(let expression): try writeValue(of: expression)
    case .condition(let branches, let otherwise):
      for branch in branches where try evaluate(branch.test).isTrue { return try execute(branch.body) }
      return try execute(otherwise)
    case .loop(let loop):
      let items = try evaluate(loop.items)
      position = statement.position
      return try run(loop, over: items, depth: 0)
    case .set(let target, let expression):
      let value = try evaluate(expression)
      position = statement.position
      try assign(value, to: target)
    case .setBlock(let target, let body, let filters):
      let block = try block(body, in: Scope(in: scope))
      if block.flow != .next { return block.flow }
      try assign(.string(try filtered(block.text, filters)), to: target)
    case .macro(let name, let definition):
      scope.set(name, .callable(.macro(Macro(definition, scope: scope))))
      scopesWithMacros.append(scope)
    case .call(let call, let definition):
      let caller = Macro(definition, scope: scope)
      try write(try text(of: try evaluateCall(call, caller: caller)))
    case .filterBlock(let body, let filters):
      let block = try block(body, in: Scope(in: scope))
      if block.flow != .next { return block.flow }
      try write(try filtered(block.text, filters))
    case .with(let values, let body): return try with(values, body)
    case .generation(let definition):
      var arguments = CallArguments()
      let text = try call(Macro(definition, scope: scope), &arguments)
      let outer = isGenerated
      isGenerated = true
      defer { isGenerated = outer }
      try write(text)
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    }
    return .next
  }

  private mutating func with(
    _ values: [(Target, Expression)], _ body: [Statement]
  ) throws(TemplateError) -> Flow {
    let inner = Scope(in: scope)
    for (target, expression) in values {
      guard case .name(let name) = target else { throw failure("\"with\" sets names only") }
      inner.set(name, try evaluate(expression))
    }
    let outer = scope
    scope = inner
    defer { scope = outer }
    return try execute(body)
  }

  /// `text` after the filters of its block.
  private mutating func filtered(_ text: Text, _ filters: [Expression]) throws(TemplateError) -> Text {
    guard let filter = filters.first else { return text }
    return try self.text(of: try evaluate(filter, blockText: text))
  }

  private mutating func assign(_ value: Value, to target: Target) throws(TemplateError) {
    switch target {
    case .name(let name):
      scope.set(name, value)
      // A loop over indices names its item by hand: {% set message = messages[i] %}.
      if isInLoop, item == Mark.none, case .dictionary(let dictionary) = value { item = dictionary.origin }
    case .attribute(let name, let attribute):
      guard case .namespace(let namespace) = scope[name] else {
        throw failure("cannot set an attribute of something that is no namespace")
      }
      namespace[attribute] = value
    case .names(let targets):
      let items = try self.items(of: value)
      guard items.count == targets.count else {
        throw failure("\(items.count) values for \(targets.count) names")
      }
      for (target, item) in zip(targets, items) { try assign(item, to: target) }
    }
  }

  // MARK: Loops

  /// Runs a loop over `value` and writes what its body does.
  ///
  /// As Jinja2 has it, `else` follows where no item came to the end of the body, be it by `break` or `continue`, and what it
  /// does of either is the loop's around it.
  private mutating func run(_ definition: ForLoop, over value: Value, depth: Int) throws(TemplateError) -> Flow {
    var items = try self.items(of: value)
    let outer = (scope, item, isInLoop)
    defer { (scope, item, isInLoop) = outer }
    isInLoop = true
    if let condition = definition.condition {
      var kept: [Value] = []
      for item in items {
        scope = Scope(in: outer.0)
        try assign(item, to: definition.target)
        if try evaluate(condition).isTrue { kept.append(item) }
      }
      items = kept
      scope = outer.0
    }
    let loop = Loop(definition, items: items, depth0: depth, scope: outer.0)
    let loopName = names.number(of: "loop")
    var isAnyWhole = false
    for (index, item) in items.enumerated() {
      try step()
      loop.index0 = index
      scope = Scope(in: outer.0)
      if let loopName { scope.set(loopName, .loop(loop)) }
      try assign(item, to: definition.target)
      self.item = item.origin == Mark.none ? outer.1 : item.origin
      let flow = try execute(definition.body)
      if flow == .breakLoop { break }
      if flow == .next { isAnyWhole = true }
    }
    if isAnyWhole { return .next }
    (scope, item, isInLoop) = (Scope(in: outer.0), outer.1, outer.2)
    return try execute(definition.otherwise)
  }

  /// What `loop(items)` writes inside a recursive loop.
  mutating func recurse(_ loop: Loop, _ items: Value) throws(TemplateError) -> Text {
    try enter()
    defer { leave() }
    let outer = (scope, output)
    (scope, output) = (loop.scope, Text())
    defer { (scope, output) = outer }
    _ = try run(loop.definition, over: items, depth: loop.depth0 + 1)
    return output
  }
}
