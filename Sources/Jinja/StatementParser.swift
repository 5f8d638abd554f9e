/// Reads a template's parts as statements.
struct StatementParser {
  private let template: TemplateSource
  private let parts: [TemplatePart]
  private var at = 0
  private var depth = 0
  private var loops = 0
  /// The loops around a tag, those around its macro included: in them `loop` cannot be set.
  private var outerLoops = 0
  private(set) var names = NameTable()
  /// The names that the statements of the innermost macro read.
  private var reads: Set<String> = []
  /// Whether the statements are those of a condition, outside of loops and other blocks in it: there a filter that does not
  /// exist is an error only when it is needed (Jinja2's soft frames).
  private var isConditional = false
  private static let deepest = 60
  private static let otherPrograms: Set<String> = [
    "include", "import", "from", "extends", "block", "autoescape", "do", "trans",
  ]

  static func parse(_ template: TemplateSource) throws(TemplateError) -> (body: [Statement], names: NameTable) {
    var parser = StatementParser(template, parts: try Lexer.parts(of: template))
    let (body, _) = try parser.statements(until: [], of: nil)
    return (body, parser.names)
  }

  private init(_ template: TemplateSource, parts: [TemplatePart]) {
    self.template = template
    self.parts = parts
  }

  /// Statements up to a tag of one of the names `ends`, whose parser is returned behind its name.
  private mutating func statements(
    until ends: [String], of opening: (name: String, position: Position)?
  ) throws(TemplateError) -> ([Statement], end: ExpressionParser?) {
    depth += 1
    defer { depth -= 1 }
    var body: [Statement] = []
    while at < parts.count {
      let part = parts[at]
      at += 1
      switch part {
      case .text(let bytes):
        body.append(Statement(kind: .text(Text(bytes)), position: Position(0)))
      case .output(let tokens, let position):
        var parser = ExpressionParser(tokens, tag: position, names: names, in: template)
        let expression = try parser.tuple()
        try finish(parser)
        body.append(Statement(kind: .output(expression), position: position))
      case .statement(let tokens, let position):
        var parser = ExpressionParser(tokens, tag: position, names: names, in: template)
        if depth > Self.deepest { throw parser.failure("the statements nest too deeply") }
        let name = try parser.expectName()
        if ends.contains(name) {
          lastName = name
          return (body, parser)
        }
        body.append(Statement(kind: try statement(name, &parser, position), position: position))
      }
    }
    guard let opening else { return (body, nil) }
    let expected = ends.map { "{% \($0) %}" }.joined(separator: " or ")
    throw template.error(.syntax, "\"\(opening.name)\" has no end: \(expected)", at: opening.position)
  }

  /// The name of the tag that ended the statements read last.
  private var lastName = ""

  /// Takes over what the parser of a tag has learnt; nothing may be left in the tag.
  private mutating func finish(_ parser: ExpressionParser) throws(TemplateError) {
    try parser.expectEnd()
    if !isConditional { try parser.expectKnownNames() }
    adopt(parser)
  }

  private mutating func adopt(_ parser: ExpressionParser) {
    names = parser.names
    reads.formUnion(parser.reads)
  }

  /// The body of a block up to its end tag.
  private mutating func body(
    of name: String, _ position: Position, until ends: [String]? = nil
  ) throws(TemplateError) -> ([Statement], ExpressionParser) {
    let (body, end) = try statements(until: ends ?? ["end\(name)"], of: (name, position))
    return (body, end!)
  }

  private mutating func wholeBody(
    of name: String, _ position: Position, isConditional: Bool = false
  ) throws(TemplateError) -> [Statement] {
    let outer = self.isConditional
    self.isConditional = isConditional
    defer { self.isConditional = outer }
    let (body, end) = try body(of: name, position)
    try finish(end)
    return body
  }

  private mutating func statement(
    _ name: String, _ parser: inout ExpressionParser, _ position: Position
  ) throws(TemplateError) -> Statement.Kind {
    switch name {
    case "if": return try condition(parser, position)
    case "for": return try loop(&parser, position)
    case "set": return try set(&parser, position)
    case "macro": return try macro(&parser, position)
    case "call": return try call(&parser, position)
    case "with": return try with(&parser, position)
    case "filter":
      let filters = try parser.filterChain(of: Self.block(position))
      try parser.expectKnownNames()
      try finish(parser)
      return .filterBlock(body: try wholeBody(of: "filter", position), filters: [filters])
    case "generation":
      try finish(parser)
      return .generation(try definition("generation", [], ends: "generation", position))
    case "break", "continue":
      try finish(parser)
      if loops == 0 { throw parser.failure("\"\(name)\" outside of a loop") }
      return name == "break" ? .breakLoop : .continueLoop
    default:
      let error = Self.otherPrograms.contains(name) ? "the tag \"\(name)\" is not supported" : "unknown tag \"\(name)\""
      throw template.error(.syntax, error, at: position)
    }
  }

  /// The text of a block, as the expression that its filters begin with.
  static func block(_ position: Position) -> Expression { Expression(kind: .text(Text()), position: position) }

  private mutating func condition(
    _ first: ExpressionParser, _ position: Position
  ) throws(TemplateError) -> Statement.Kind {
    var branches: [(test: Expression, body: [Statement])] = []
    var parser = first
    let outer = isConditional
    isConditional = true
    defer { isConditional = outer }
    while true {
      let test = try parser.tuple(allowsCondition: false)
      try finish(parser)
      let (body, end) = try body(of: "if", position, until: ["elif", "else", "endif"])
      branches.append((test, body))
      parser = end
      if lastName == "elif" { continue }
      let isElse = lastName == "else"
      try finish(parser)
      let otherwise = isElse ? try wholeBody(of: "if", position, isConditional: true) : []
      return .condition(branches, otherwise: otherwise)
    }
  }

  private mutating func loop(
    _ parser: inout ExpressionParser, _ position: Position
  ) throws(TemplateError) -> Statement.Kind {
    outerLoops += 1
    defer { outerLoops -= 1 }
    let target = try target(&parser)
    if !parser.skip(name: "in") { throw parser.failure("expected \"in\"") }
    let items = try parser.tuple(allowsCondition: false)
    let (unknown, hasCondition) = (parser.unknownNames.count, parser.skip(name: "if"))
    let condition = hasCondition ? try parser.expression() : nil
    if parser.unknownNames.count > unknown { throw parser.unknownNames[unknown] }
    let isRecursive = parser.skip(name: "recursive")
    try finish(parser)
    let outer = isConditional
    isConditional = false
    loops += 1
    let (body, end) = try body(of: "for", position, until: ["else", "endfor"])
    loops -= 1
    isConditional = outer
    let hasElse = lastName == "else"
    try finish(end)
    let otherwise = hasElse ? try wholeBody(of: "for", position) : []
    return .loop(
      ForLoop(
        target: target, items: items, condition: condition, body: body, otherwise: otherwise,
        isRecursive: isRecursive))
  }

  private mutating func target(_ parser: inout ExpressionParser) throws(TemplateError) -> Target {
    var targets: [Target] = []
    while true {
      if parser.skip("(") {
        targets.append(try target(&parser))
        try parser.expect(")")
      } else {
        targets.append(try singleTarget(&parser))
      }
      if !parser.skip(",") { return targets.count == 1 ? targets[0] : .names(targets) }
      if parser.isNext("=") || parser.isNext(")") || parser.isNext(name: "in") || parser.isAtEnd {
        return .names(targets)
      }
    }
  }

  private func singleTarget(_ parser: inout ExpressionParser) throws(TemplateError) -> Target {
    let name = try parser.expectName()
    if ["true", "false", "none", "True", "False", "None"].contains(name) {
      throw parser.failure("\"\(name)\" cannot be set")
    }
    let id = parser.names.name(name)
    if name == "loop", outerLoops > 0, !parser.isNext(".") { throw parser.failure("\"loop\" cannot be set in a loop") }
    return parser.skip(".") ? .attribute(id, Text(try parser.expectName())) : .name(id)
  }

  private mutating func set(
    _ parser: inout ExpressionParser, _ position: Position
  ) throws(TemplateError) -> Statement.Kind {
    let target = try target(&parser)
    if parser.skip("=") {
      let value = try parser.tuple()
      try finish(parser)
      return .set(target, value)
    }
    var filters: [Expression] = []
    if parser.skip("|") {
      filters = [try parser.filterChain(of: Self.block(position))]
      try parser.expectKnownNames()
    }
    try finish(parser)
    return .setBlock(target, body: try wholeBody(of: "set", position), filters: filters)
  }

  private mutating func with(
    _ parser: inout ExpressionParser, _ position: Position
  ) throws(TemplateError) -> Statement.Kind {
    var values: [(Target, Expression)] = []
    while !parser.isAtEnd {
      if !values.isEmpty { try parser.expect(",") }
      let target = try singleTarget(&parser)
      try parser.expect("=")
      values.append((target, try parser.expression()))
    }
    try finish(parser)
    return .with(values, body: try wholeBody(of: "with", position))
  }

  // MARK: Macros

  private mutating func macro(
    _ parser: inout ExpressionParser, _ position: Position
  ) throws(TemplateError) -> Statement.Kind {
    let name = try parser.expectName()
    let parameters = try parameters(&parser)
    try parser.expectKnownNames()
    try finish(parser)
    let definition = try definition(name, parameters, ends: "macro", position)
    return .macro(names.name(name), definition)
  }

  private mutating func call(
    _ parser: inout ExpressionParser, _ position: Position
  ) throws(TemplateError) -> Statement.Kind {
    let parameters = parser.isNext("(") ? try parameters(&parser) : []
    let call = try parser.expression()
    guard case .call = call.kind else { throw parser.failure("expected a call") }
    try finish(parser)
    return .call(call, try definition("caller", parameters, ends: "call", position))
  }

  private mutating func definition(
    _ name: String, _ parameters: [(name: String, id: Name, standard: Expression?)], ends: String, _ position: Position
  ) throws(TemplateError) -> MacroDefinition {
    let (outerReads, outerLoops) = (reads, loops)
    (reads, loops) = ([], 0)
    let body = try wholeBody(of: ends, position)
    let definition = MacroDefinition(name: name, parameters: parameters, body: body, reads: reads)
    (reads, loops) = (outerReads.union(reads), outerLoops)
    return definition
  }

  private func parameters(
    _ parser: inout ExpressionParser
  ) throws(TemplateError) -> [(name: String, id: Name, standard: Expression?)] {
    try parser.expect("(")
    var parameters: [(name: String, id: Name, standard: Expression?)] = []
    while !parser.skip(")") {
      if !parameters.isEmpty { try parser.expect(",") }
      if parser.skip(")") { break }
      let name = try parser.expectName()
      let id = parser.names.name(name)
      if parser.skip("=") {
        parameters.append((name, id, try parser.expression()))
      } else if parameters.last?.standard != nil {
        throw parser.failure("a parameter without a default follows one with a default")
      } else {
        parameters.append((name, id, nil))
      }
    }
    return parameters
  }
}
