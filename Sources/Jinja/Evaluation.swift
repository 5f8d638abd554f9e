extension Interpreter {
  /// The value of an expression.
  ///
  /// - Parameter blockText: the text of a block, with which the filters in its tag begin.
  mutating func evaluate(_ expression: Expression, blockText: Text? = nil) throws(TemplateError) -> Value {
    try enter()
    defer { leave() }
    switch expression.kind {
    case .text(let text):
      if let blockText { return .string(blockText) }
      return .string(item == Mark.none ? text : text.marked { $0.item = item })
    case .constant(let value): return value
    case .name(let name):
      if let value = scope[name] { return value }
      position = expression.position
      return try variable(name)
    case .list(let items): return try checked(.list(try evaluate(items)), expression)
    case .tuple(let items): return try checked(.tuple(Value.List(try evaluate(items))), expression)
    case .dictionary(let entries): return try checked(try dictionary(entries, expression.position), expression)
    case .not(let inner): return .bool(try !evaluate(inner).isTrue)
    case .and(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? try evaluate(right) : value
    case .or(let left, let right):
      let value = try evaluate(left)
      return value.isTrue ? value : try evaluate(right)
    case .condition(let test, let value, let other):
      if try evaluate(test).isTrue { return try evaluate(value) }
      guard let other else { return .undefined("the inline if has no else") }
      return try evaluate(other)
    case .attribute(let object, let name):
      let value = try evaluate(object)
      position = expression.position
      return try attribute(name, of: value)
    case .item(let object, let key):
      let (value, key) = (try evaluate(object), try evaluate(key))
      position = expression.position
      return try item(key, of: value)
    case .filter(let object, let name, let arguments):
      let value = try evaluate(object, blockText: blockText)
      var arguments = try evaluate(arguments)
      position = expression.position
      return try checked(try filter(name, value, &arguments), expression)
    case .test(let object, let name, let arguments, let negated):
      let value = try evaluate(object)
      var arguments = try evaluate(arguments)
      position = expression.position
      return .bool(try test(name, value, &arguments) != negated)
    default: return try evaluateRest(expression)
    }
  }

  /// Refuses a value that nests too deeply to be written or released.
  private mutating func checked(_ value: Value, _ expression: Expression) throws(TemplateError) -> Value {
    if value.height > Self.deepestValue {
      position = expression.position
      throw failure("the value nests too deeply", .limit)
    }
    return value
  }

  private static let deepestValue = 150

  private mutating func evaluateRest(_ expression: Expression) throws(TemplateError) -> Value {
    switch expression.kind {
    case .slice(let object, let bounds):
      let value = try evaluate(object)
      var ends: [Value] = []
      for bound in bounds { if let bound { ends.append(try evaluate(bound)) } else { ends.append(.null) } }
      position = expression.position
      return try slice(value, ends)
    case .call: return try checked(try evaluateCall(expression, caller: nil), expression)
    case .negative(let inner):
      let value = try evaluate(inner)
      position = expression.position
      return try negated(value)
    case .positive(let inner):
      let value = try evaluate(inner)
      position = expression.position
      if let integer = value.integer { return .integer(integer) }
      guard value.number != nil else { throw failure("bad operand type for unary +: '\(value.typeName)'") }
      return value
    case .operation(.add, _, _):
      let (first, terms) = expression.terms
      var values = [try evaluate(first)]
      for term in terms { values.append(try evaluate(term.value)) }
      return try sum(values, terms.map(\.position))
    case .operation(let operation, let left, let right):
      let (left, right) = (try evaluate(left), try evaluate(right))
      position = expression.position
      return try calculate(operation, left, right)
    case .concatenation(let parts):
      var text = Text()
      for part in parts { text.append(try self.text(of: try evaluate(part))) }
      try allocate(text.bytes.count)
      return .string(text)
    case .comparison(let first, let rest): return .bool(try compare(first, rest, expression.position))
    default: preconditionFailure("an expression without a rule")
    }
  }

  /// `first + second + ...`: texts are appended to one, where sums of two would copy what is there each time.
  ///
  /// - Parameter positions: where the plus signs stand.
  mutating func sum(_ values: [Value], _ positions: [Position]) throws(TemplateError) -> Value {
    var sum = values[0]
    for (value, position) in zip(values.dropFirst(), positions) {
      self.position = position
      guard case .string(var text) = sum, case .string(let more) = value, !text.isMarkup, !more.isMarkup else {
        sum = try calculate(.add, sum, value)
        continue
      }
      try allocate(more.bytes.count)
      sum = .null
      text.append(more)
      sum = .string(text)
    }
    return sum
  }

  mutating func evaluate(_ expressions: [Expression]) throws(TemplateError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(expressions.count)
    for expression in expressions { values.append(try evaluate(expression)) }
    return values
  }

  /// A variable, a function where there is no variable of that name, else undefined.
  private func variable(_ name: Name) throws(TemplateError) -> Value {
    if let value = scope[name] { return value }
    let text = names.names[name.number]
    if ["cycler", "lipsum", "self"].contains(text) { throw failure("\"\(text)\" is not supported", .syntax) }
    return Self.functions[text] == nil ? .undefined("'\(text)' is undefined") : .callable(.function(text))
  }

  private mutating func dictionary(
    _ entries: [(key: Expression, value: Expression)], _ place: Position
  ) throws(TemplateError) -> Value {
    var values: [(key: Value, value: Value)] = []
    for entry in entries {
      let key = try evaluate(entry.key)
      position = place
      try requireHashable(key)
      values.append((key, try evaluate(entry.value)))
    }
    return .dictionary(Value.Dictionary(values))
  }

  func requireHashable(_ key: Value) throws(TemplateError) {
    switch key {
    case .list(let list) where list.isRange: return
    case .list, .dictionary: throw failure("unhashable type: '\(key.typeName)'")
    case .tuple where key.weight > 1 << 16: throw failure("the key is too large", .limit)
    case .tuple(let list): for item in list.items { try requireHashable(item) }
    default: return
    }
  }

  // MARK: Comparison

  private mutating func compare(
    _ first: Expression, _ rest: [(Comparison, Expression)], _ place: Position
  ) throws(TemplateError) -> Bool {
    var left = try evaluate(first)
    for (comparison, expression) in rest {
      let right = try evaluate(expression)
      position = place
      if try !compare(left, comparison, right) { return false }
      left = right
    }
    return true
  }

  mutating func compare(_ left: Value, _ comparison: Comparison, _ right: Value) throws(TemplateError) -> Bool {
    try step(min(left.weight, right.weight) / 16)
    switch comparison {
    case .equal: return left.equals(right)
    case .unequal: return !left.equals(right)
    case .isIn: return try contains(right, left)
    case .isNotIn: return try !contains(right, left)
    case .less: return try isLess(left, right, comparison)
    case .greater: return try isLess(right, left, comparison)
    case .lessOrEqual: return try isLess(left, right, comparison) || left.equals(right)
    case .greaterOrEqual: return try isLess(right, left, comparison) || left.equals(right)
    }
  }

  private func isLess(_ left: Value, _ right: Value, _ comparison: Comparison) throws(TemplateError) -> Bool {
    for value in [left, right] {
      if case .undefined(let hint) = value { throw failure(hint) }
    }
    if let isLess = left.isLess(than: right) { return isLess }
    throw failure(
      "'\(comparison.rawValue)' not supported between '\(left.typeName)' and '\(right.typeName)'")
  }

  /// Python's `part in whole`.
  mutating func contains(_ whole: Value, _ part: Value) throws(TemplateError) -> Bool {
    switch whole {
    case .string(let text):
      guard case .string(let part) = part else {
        throw failure("'in <string>' requires string as left operand, not \(part.typeName)")
      }
      try step(text.bytes.count / 64)
      return text.contains(part)
    case .dictionary(let dictionary):
      try requireHashable(part)
      return dictionary[part] != nil
    default:
      let items = try items(of: whole)
      try step(items.reduce(0) { $0.addingClamped(min($1.weight, part.weight)) })
      return items.contains { $0.equals(part) }
    }
  }

  /// The items that a loop over `value` has.
  mutating func items(of value: Value) throws(TemplateError) -> [Value] {
    switch value {
    case .list(let list), .tuple(let list): return list.items
    case .dictionary(let dictionary): return dictionary.entries.map(\.key)
    case .string(let text):
      try step(text.bytes.count)
      return text.scalars.map { .string(text[$0.range]) }
    case .undefined: return []
    case .generator(let generator): return generator.rest()
    case .loop(let loop): return loop.items
    default: throw failure("'\(value.typeName)' object is not iterable")
    }
  }
}

extension Int {
  /// The sum; the largest integer where it is larger.
  func addingClamped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
