import Foundation

extension Interpreter {
  /// `left operator right`, as Python calculates it.
  mutating func calculate(_ operation: Operator, _ left: Value, _ right: Value) throws(TemplateError) -> Value {
    if operation == .add, case .string(let one) = left, case .string(let two) = right {
      try allocate(one.bytes.count + two.bytes.count)
      if !one.isMarkup, !two.isMarkup { return .string(one + two) }
      let (one, two) = (one.isMarkup ? one : one.escapedForHTML, two.isMarkup ? two : two.escapedForHTML)
      return .string((one + two).asMarkup())
    }
    if operation != .add, case .string(let text) = left, text.isMarkup {
      throw failure("\(operation.rawValue) of a text that \"safe\" or \"escape\" made is not supported")
    }
    if operation == .remainder, case .string(let format) = left {
      return .string(try percentFormatted(format, right))
    }
    for value in [left, right] {
      if case .undefined(let hint) = value { throw failure(hint) }
      if case .list(let list) = value, list.kind != .plain { throw unsupported(operation, left, right) }
    }
    switch (operation, left, right) {
    case (.add, .list(let one), .list(let two)):
      try allocate((one.items.count + two.items.count) * 8)
      return .list(Value.List(one.items + two.items, origin: one.origin))
    case (.add, .tuple(let one), .tuple(let two)):
      try allocate((one.items.count + two.items.count) * 8)
      return .tuple(Value.List(one.items + two.items, origin: one.origin))
    case (.multiply, .string, _), (.multiply, .list, _), (.multiply, .tuple, _): return try repeated(left, right)
    case (.multiply, _, .string), (.multiply, _, .list), (.multiply, _, .tuple): return try repeated(right, left)
    default: break
    }
    if let one = left.integer, let two = right.integer { return try integers(operation, one, two) }
    if let one = left.number, let two = right.number { return try floats(operation, one, two) }
    throw unsupported(operation, left, right)
  }

  private func unsupported(_ operation: Operator, _ left: Value, _ right: Value) -> TemplateError {
    failure("unsupported operand type(s) for \(operation.rawValue): '\(left.typeName)' and '\(right.typeName)'")
  }

  private mutating func repeated(_ value: Value, _ times: Value) throws(TemplateError) -> Value {
    guard let times = times.integer else {
      throw failure("can't multiply sequence by non-int of type '\(times.typeName)'")
    }
    func check(_ size: Int) throws(TemplateError) {
      let (bytes, overflow) = size.multipliedReportingOverflow(by: max(0, times))
      if overflow { throw failure("the template makes too much text", .limit) }
      try allocate(bytes)
    }
    switch value {
    case .string(let text):
      try check(text.bytes.count)
      var result = Text()
      if !text.isEmpty { for _ in 0..<max(0, times) { result.append(text) } }
      return .string(result)
    case .list(let list):
      try check(list.items.count * 32)
      return .list(Value.List((0..<max(0, times)).flatMap { _ in list.items }, origin: list.origin))
    case .tuple(let list):
      try check(list.items.count * 32)
      return .tuple(Value.List((0..<max(0, times)).flatMap { _ in list.items }, origin: list.origin))
    default: throw failure("'\(value.typeName)' cannot be repeated")
    }
  }

  private func integers(_ operation: Operator, _ left: Int, _ right: Int) throws(TemplateError) -> Value {
    func checked(_ result: (partialValue: Int, overflow: Bool)) throws(TemplateError) -> Value {
      if result.overflow { throw failure("the number is beyond 64 bits", .limit) }
      return .integer(result.partialValue)
    }
    switch operation {
    case .add: return try checked(left.addingReportingOverflow(right))
    case .subtract: return try checked(left.subtractingReportingOverflow(right))
    case .multiply: return try checked(left.multipliedReportingOverflow(by: right))
    case .divide, .divideDown, .remainder:
      if right == 0 { throw failure("division by zero") }
      if operation == .divide { return .float(Double(left) / Double(right)) }
      let quotient = left.dividedReportingOverflow(by: right)
      if quotient.overflow { throw failure("the number is beyond 64 bits", .limit) }
      let rest = left % right
      let isRoundedUp = rest != 0 && (rest < 0) != (right < 0)
      if operation == .remainder { return .integer(isRoundedUp ? rest + right : rest) }
      return .integer(quotient.partialValue - (isRoundedUp ? 1 : 0))
    case .power:
      if right < 0 { return try floats(.power, Double(left), Double(right)) }
      var result = 1
      for _ in 0..<right {
        if result == 0 || (result == 1 && left == 1) { break }
        if left == -1 { return .integer(right % 2 == 0 ? 1 : -1) }
        guard case .integer(let next) = try checked(result.multipliedReportingOverflow(by: left)) else { break }
        result = next
      }
      return .integer(result)
    }
  }

  private func floats(_ operation: Operator, _ left: Double, _ right: Double) throws(TemplateError) -> Value {
    switch operation {
    case .add: return .float(left + right)
    case .subtract: return .float(left - right)
    case .multiply: return .float(left * right)
    case .divide, .divideDown, .remainder:
      if right == 0 { throw failure("float division by zero") }
      if operation == .divide { return .float(left / right) }
      var rest = fmod(left, right)
      if rest != 0, (rest < 0) != (right < 0) { rest += right }
      if operation == .remainder { return .float(rest == 0 ? copysign(0, right) : rest) }
      return .float(((left - rest) / right).rounded())
    case .power:
      if left == 0, right < 0 { throw failure("0.0 cannot be raised to a negative power") }
      let result = pow(left, right)
      if result.isNaN, !left.isNaN, !right.isNaN { throw failure("complex numbers are not supported") }
      if result.isInfinite, left.isFinite, right.isFinite { throw failure("the result is too large") }
      return .float(result)
    }
  }

  func negated(_ value: Value) throws(TemplateError) -> Value {
    if case .undefined(let hint) = value { throw failure(hint) }
    if let integer = value.integer {
      if integer == .min { throw failure("the number is beyond 64 bits", .limit) }
      return .integer(-integer)
    }
    if case .largeInteger(let digits) = value {
      return .largeInteger(digits.hasPrefix("-") ? String(digits.dropFirst()) : "-" + digits)
    }
    guard let number = value.number else { throw failure("bad operand type for unary -: '\(value.typeName)'") }
    return .float(-number)
  }
}
