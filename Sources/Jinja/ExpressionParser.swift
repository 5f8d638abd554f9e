/// The numbers of the names in a template.
struct NameTable: Sendable {
  private(set) var names: [String] = []
  private var numbers: [String: Int] = [:]
  /// The attributes and literal texts.
  private(set) var words: Set<String> = []

  mutating func mention(_ word: String) { words.insert(word) }

  mutating func name(_ text: String) -> Name {
    if let number = numbers[text] { return Name(number: number) }
    numbers[text] = names.count
    names.append(text)
    return Name(number: names.count - 1)
  }

  func number(of text: String) -> Name? { numbers[text].map { Name(number: $0) } }
}

/// Reads the tokens of a tag as expressions (Jinja2's grammar).
struct ExpressionParser {
  var tokens: ArraySlice<Token>
  var names: NameTable
  /// The names read so far: a macro's body tells by them which further arguments it takes.
  var reads: Set<String> = []
  /// What is wrong with the names of filters and tests that Jinja2 has not, outside of conditional expressions.
  var unknownNames: [TemplateError] = []
  private let tag: Position
  let template: TemplateSource
  private var depth = 0
  private static let deepest = 100

  init(_ tokens: [Token], tag: Position, names: NameTable, in template: TemplateSource) {
    self.tokens = tokens[...]
    self.tag = tag
    self.template = template
    self.names = names
  }

  var position: Position { tokens.first?.position ?? tag }
  var isAtEnd: Bool { tokens.isEmpty }

  func failure(_ message: String) -> TemplateError {
    template.error(.syntax, message, at: position)
  }

  func isNext(_ sign: String) -> Bool { tokens.first?.kind == .sign(sign) }
  func isNext(name: String) -> Bool { tokens.first?.kind == .name(name) }

  mutating func skip(_ sign: String) -> Bool {
    if isNext(sign) { tokens.removeFirst() } else { return false }
    return true
  }

  mutating func skip(name: String) -> Bool {
    if isNext(name: name) { tokens.removeFirst() } else { return false }
    return true
  }

  mutating func expect(_ sign: String) throws(TemplateError) {
    if !skip(sign) { throw failure("expected \"\(sign)\", found \(found)") }
  }

  mutating func expectName() throws(TemplateError) -> String {
    guard case .name(let name) = tokens.first?.kind else { throw failure("expected a name, found \(found)") }
    tokens.removeFirst()
    return name
  }

  func expectEnd() throws(TemplateError) {
    if !isAtEnd { throw failure("unexpected \(found)") }
  }

  var found: String {
    switch tokens.first?.kind {
    case nil: "the end of the tag"
    case .name(let name): "\"\(name)\""
    case .integer(let value): "\(value)"
    case .largeInteger(let digits): digits
    case .float(let value): "\(value)"
    case .string: "a text"
    case .sign(let sign): "\"\(sign)\""
    }
  }

  /// Refuses filters and tests that do not exist.
  func expectKnownNames() throws(TemplateError) {
    if let error = unknownNames.first { throw error }
  }

  /// An expression that nests no deeper than can be evaluated.
  func node(_ kind: Expression.Kind, _ position: Position) throws(TemplateError) -> Expression {
    let expression = Expression(kind: kind, position: position)
    if expression.height > Self.deepest { throw failure("the expression nests too deeply") }
    return expression
  }

  // MARK: Expressions, by rising precedence

  mutating func expression(allowsCondition: Bool = true) throws(TemplateError) -> Expression {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw failure("the expression nests too deeply") }
    let unknown = unknownNames.count
    var result = try disjunction()
    while allowsCondition, isNext(name: "if") {
      let place = position
      tokens.removeFirst()
      let test = try disjunction()
      let other = skip(name: "else") ? try expression() : nil
      result = try node(.condition(test: test, value: result, other: other), place)
      unknownNames.removeLast(unknownNames.count - unknown)
    }
    return result
  }

  /// Expressions with commas between them are a tuple.
  mutating func tuple(allowsCondition: Bool = true) throws(TemplateError) -> Expression {
    let place = position
    var items: [Expression] = []
    while true {
      if !items.isEmpty, isAtEnd || isNext(")") || isNext("}") || isNext("]") || isNext(name: "recursive") { break }
      items.append(try expression(allowsCondition: allowsCondition))
      if !skip(",") {
        if items.count == 1 { return items[0] }
        break
      }
    }
    return try node(.tuple(items), place)
  }

  private mutating func disjunction() throws(TemplateError) -> Expression {
    var left = try conjunction()
    while isNext(name: "or") {
      let place = position
      tokens.removeFirst()
      left = try node(.or(left, try conjunction()), place)
    }
    return left
  }

  private mutating func conjunction() throws(TemplateError) -> Expression {
    var left = try negation()
    while isNext(name: "and") {
      let place = position
      tokens.removeFirst()
      left = try node(.and(left, try negation()), place)
    }
    return left
  }

  private mutating func negation() throws(TemplateError) -> Expression {
    guard isNext(name: "not") else { return try comparison() }
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw failure("the expression nests too deeply") }
    let place = position
    tokens.removeFirst()
    return try node(.not(try negation()), place)
  }

  private mutating func comparison() throws(TemplateError) -> Expression {
    let place = position
    let first = try sum()
    var rest: [(Comparison, Expression)] = []
    while let comparison = nextComparison() { rest.append((comparison, try sum())) }
    return try rest.isEmpty ? first : node(.comparison(first, rest), place)
  }

  private mutating func nextComparison() -> Comparison? {
    if case .sign(let sign) = tokens.first?.kind, let comparison = Comparison(rawValue: sign) {
      tokens.removeFirst()
      return comparison
    }
    if skip(name: "in") { return .isIn }
    if isNext(name: "not"), tokens.dropFirst().first?.kind == .name("in") {
      tokens.removeFirst(2)
      return .isNotIn
    }
    return nil
  }

  private mutating func sum() throws(TemplateError) -> Expression {
    var left = try concatenation()
    while let (operation, place) = nextOperator([.add, .subtract]) {
      left = try node(.operation(operation, left, try concatenation()), place)
    }
    return left
  }

  private mutating func concatenation() throws(TemplateError) -> Expression {
    let place = position
    var parts = [try product()]
    while skip("~") { parts.append(try product()) }
    return try parts.count == 1 ? parts[0] : node(.concatenation(parts), place)
  }

  private mutating func product() throws(TemplateError) -> Expression {
    var left = try power()
    while let (operation, place) = nextOperator([.multiply, .divide, .divideDown, .remainder]) {
      left = try node(.operation(operation, left, try power()), place)
    }
    return left
  }

  private mutating func power() throws(TemplateError) -> Expression {
    var left = try unary()
    while let (operation, place) = nextOperator([.power]) {
      left = try node(.operation(operation, left, try unary()), place)
    }
    return left
  }

  private mutating func nextOperator(_ operators: [Operator]) -> (Operator, Position)? {
    guard case .sign(let sign) = tokens.first?.kind, let operation = Operator(rawValue: sign),
      operators.contains(operation)
    else { return nil }
    let place = position
    tokens.removeFirst()
    return (operation, place)
  }

  private mutating func unary(withFilters: Bool = true) throws(TemplateError) -> Expression {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.deepest { throw failure("the expression nests too deeply") }
    let place = position
    var result: Expression
    if skip("-") {
      result = try node(.negative(try unary(withFilters: false)), place)
    } else if skip("+") {
      result = try node(.positive(try unary(withFilters: false)), place)
    } else {
      result = try primary()
    }
    result = try postfix(result)
    return withFilters ? try filtersAndTests(result) : result
  }
}
