extension ExpressionParser {
  // MARK: Primary expressions

  mutating func primary() throws(TemplateError) -> Expression {
    let place = position
    guard let token = tokens.popFirst() else { throw failure("expected an expression") }
    func make(_ kind: Expression.Kind) throws(TemplateError) -> Expression { try node(kind, place) }
    switch token.kind {
    case .name("true"), .name("True"): return try make(.constant(.bool(true)))
    case .name("false"), .name("False"): return try make(.constant(.bool(false)))
    case .name("none"), .name("None"): return try make(.constant(.null))
    case .name(let name):
      reads.insert(name)
      return try make(.name(names.name(name)))
    case .integer(let value): return try make(.constant(.integer(value)))
    case .largeInteger(let digits): return try make(.constant(.largeInteger(digits)))
    case .float(let value): return try make(.constant(.float(value)))
    case .string(var text):
      while case .string(let more) = tokens.first?.kind {
        text += more
        tokens.removeFirst()
      }
      names.mention(text)
      return try make(.text(Text(text)))
    case .sign("("):
      if skip(")") { return try make(.tuple([])) }
      let inside = try tuple()
      try expect(")")
      return inside
    case .sign("["): return try make(.list(try items(until: "]")))
    case .sign("{"): return try make(.dictionary(try entries()))
    case .sign:
      tokens = [token] + tokens
      throw failure("unexpected \(found)")
    }
  }

  private mutating func items(until closing: String) throws(TemplateError) -> [Expression] {
    var items: [Expression] = []
    while !skip(closing) {
      if !items.isEmpty { try expect(",") }
      if skip(closing) { break }
      items.append(try expression())
    }
    return items
  }

  private mutating func entries() throws(TemplateError) -> [(key: Expression, value: Expression)] {
    var entries: [(key: Expression, value: Expression)] = []
    while !skip("}") {
      if !entries.isEmpty { try expect(",") }
      if skip("}") { break }
      let key = try expression()
      try expect(":")
      entries.append((key, try expression()))
    }
    return entries
  }

  // MARK: What follows a primary expression

  mutating func postfix(_ object: Expression) throws(TemplateError) -> Expression {
    var result = object
    while true {
      let place = position
      if skip(".") {
        switch tokens.popFirst()?.kind {
        case .name(let name):
          names.mention(name)
          result = try node(.attribute(result, Text(name)), place)
        case .integer(let index):
          let key = try node(.constant(.integer(index)), place)
          result = try node(.item(result, key), place)
        default: throw failure("expected a name after the point")
        }
      } else if skip("[") {
        result = try subscripted(result, place)
      } else if isNext("(") {
        result = try node(.call(result, try arguments()), place)
      } else {
        return result
      }
    }
  }

  private mutating func subscripted(_ object: Expression, _ place: Position) throws(TemplateError) -> Expression {
    var parts: [Expression?] = [nil]
    var isSlice = false
    while !skip("]") {
      if skip(":") {
        isSlice = true
        parts.append(nil)
        if parts.count > 3 { throw failure("a slice has at most three parts") }
      } else if parts[parts.count - 1] != nil {
        throw failure("expected \"]\", found \(found)")
      } else {
        parts[parts.count - 1] = isSlice ? try expression() : try tuple()
      }
    }
    if isSlice { return try node(.slice(object, parts), place) }
    let key = if let part = parts[0] { part } else { try node(.tuple([]), place) }
    return try node(.item(object, key), place)
  }

  mutating func arguments() throws(TemplateError) -> Arguments {
    try expect("(")
    var arguments = Arguments()
    var isFirst = true
    while !skip(")") {
      if !isFirst { try expect(",") }
      isFirst = false
      if skip(")") { break }
      if skip("*") {
        arguments.list.append(try expression())
      } else if skip("**") {
        arguments.dictionary.append(try expression())
      } else if case .name(let name) = tokens.first?.kind, tokens.dropFirst().first?.kind == .sign("=") {
        tokens.removeFirst(2)
        arguments.named.append((name, try expression()))
      } else {
        guard arguments.named.isEmpty, arguments.dictionary.isEmpty else {
          throw failure("a positional argument follows a named one")
        }
        arguments.positional.append(try expression())
      }
    }
    return arguments
  }

  /// `| filter`, `is test` and calls of what they give.
  mutating func filtersAndTests(_ object: Expression) throws(TemplateError) -> Expression {
    var result = object
    while true {
      let place = position
      if isNext("|") {
        result = try filter(of: result)
      } else if skip(name: "is") {
        result = try test(of: result, place)
      } else if isNext("(") {
        result = try node(.call(result, try arguments()), place)
      } else {
        return result
      }
    }
  }

  /// `| name(arguments)`
  private mutating func filter(of object: Expression) throws(TemplateError) -> Expression {
    try expect("|")
    return try namedFilter(of: object)
  }

  /// `name(arguments) | name ...`, as a tag of a block has it; `object` is the block's text.
  mutating func filterChain(of object: Expression) throws(TemplateError) -> Expression {
    var result = try namedFilter(of: object)
    while isNext("|") { result = try filter(of: result) }
    return result
  }

  private mutating func namedFilter(of object: Expression) throws(TemplateError) -> Expression {
    let place = position
    let name = try dottedName()
    if !Interpreter.isFilter(name) {
      unknownNames.append(template.error(.syntax, "no filter named \"\(name)\"", at: place))
    }
    let arguments = isNext("(") ? try arguments() : Arguments()
    return try node(.filter(object, name, arguments), place)
  }

  private mutating func dottedName() throws(TemplateError) -> String {
    var name = try expectName()
    while skip(".") { name += "." + (try expectName()) }
    return name
  }

  private mutating func test(of object: Expression, _ place: Position) throws(TemplateError) -> Expression {
    let isNegated = skip(name: "not")
    let name = try dottedName()
    if !Interpreter.isTest(name) {
      unknownNames.append(template.error(.syntax, "no test named \"\(name)\"", at: place))
    }
    var arguments = Arguments()
    if isNext("(") {
      arguments = try self.arguments()
    } else if beginsArgument {
      if isNext(name: "is") { throw failure("tests cannot be chained with \"is\"") }
      arguments.positional = [try postfix(try primary())]
    }
    return try node(.test(object, name, arguments, negated: isNegated), place)
  }

  /// Whether a test's argument follows, which needs no brackets.
  private var beginsArgument: Bool {
    switch tokens.first?.kind {
    case .name(let name): !["else", "or", "and"].contains(name)
    case .integer, .largeInteger, .float, .string, .sign("["), .sign("{"): true
    default: false
    }
  }
}
