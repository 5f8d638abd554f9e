/// The arguments of a call, as values; callees take them one by one.
struct CallArguments {
  var positional: ArraySlice<Value> = []
  var named: [(name: String, value: Value)] = []
  var caller: Macro?

  /// The next positional argument, or the one of that name.
  mutating func take(_ name: String) -> Value? {
    if let value = positional.popFirst() { return value }
    return takeNamed(name)
  }

  mutating func takeNamed(_ name: String) -> Value? {
    guard let index = named.firstIndex(where: { $0.name == name }) else { return nil }
    return named.remove(at: index).value
  }

  var isEmpty: Bool { positional.isEmpty && named.isEmpty }
}

extension Interpreter {
  mutating func evaluate(_ arguments: Arguments) throws(TemplateError) -> CallArguments {
    var values = CallArguments()
    if arguments.positional.isEmpty, arguments.named.isEmpty, arguments.list.isEmpty, arguments.dictionary.isEmpty {
      return values
    }
    values.positional = try evaluate(arguments.positional)[...]
    for argument in arguments.named { values.named.append((argument.name, try evaluate(argument.value))) }
    for list in arguments.list { values.positional.append(contentsOf: try items(of: try evaluate(list))) }
    for expression in arguments.dictionary {
      guard case .dictionary(let dictionary) = try evaluate(expression) else {
        throw failure("the argument after ** is no mapping")
      }
      for entry in dictionary.entries {
        guard case .string(let name) = entry.key else { throw failure("keywords must be strings") }
        values.named.append((name.string, entry.value))
      }
    }
    return values
  }

  mutating func evaluateCall(_ expression: Expression, caller: Macro?) throws(TemplateError) -> Value {
    guard case .call(let callee, let arguments) = expression.kind else { return try evaluate(expression) }
    let function = try evaluate(callee)
    var values = try evaluate(arguments)
    values.caller = caller
    position = expression.position
    return try call(function, &values)
  }

  mutating func call(_ function: Value, _ arguments: inout CallArguments) throws(TemplateError) -> Value {
    switch function {
    case .callable(.function(let name)):
      let result = try Self.functions[name]!(&self, &arguments)
      try finish(arguments, "\(name)()")
      return result
    case .callable(.method(let object, let name)): return try Methods.call(name, of: object, &arguments, &self)
    case .callable(.macro(let macro)): return .string(try call(macro, &arguments))
    case .callable(.recursion(let loop)):
      let items = arguments.take("iterable") ?? .null
      try finish(arguments, "loop()")
      return .string(try recurse(loop, items))
    case .callable(.stateful(let stateful)):
      try finish(arguments, "the call")
      return stateful.next()
    case .loop(let loop):
      guard loop.definition.isRecursive else { throw failure("the loop is not marked \"recursive\"") }
      let items = arguments.take("iterable") ?? .null
      try finish(arguments, "loop()")
      return .string(try recurse(loop, items))
    case .undefined(let hint): throw failure(hint)
    default: throw failure("'\(function.typeName)' object is not callable")
    }
  }

  /// Refuses arguments that are left over.
  func finish(_ arguments: CallArguments, _ name: String) throws(TemplateError) {
    if let argument = arguments.named.first { throw failure("\(name) got an unexpected argument \"\(argument.name)\"") }
    if !arguments.positional.isEmpty { throw failure("\(name) got too many arguments") }
  }

  // MARK: Macros

  mutating func call(_ macro: Macro, _ arguments: inout CallArguments) throws(TemplateError) -> Text {
    try enter()
    defer { leave() }
    let definition = macro.definition
    let inner = Scope(in: macro.scope)
    for parameter in definition.parameters {
      if let value = arguments.take(parameter.name) {
        inner.set(parameter.id, value)
      } else if let standard = parameter.standard {
        let outer = scope
        scope = inner
        defer { scope = outer }
        inner.set(parameter.id, try evaluate(standard))
      } else {
        inner.set(parameter.id, .undefined("parameter '\(parameter.name)' was not provided"))
      }
    }
    try passRest(of: &arguments, to: definition, inner)
    return try captured(definition.body, in: inner)
  }

  /// The arguments without a parameter: a body that asks for them gets them, others take none.
  private func passRest(
    of arguments: inout CallArguments, to definition: MacroDefinition, _ scope: Scope
  ) throws(TemplateError) {
    func set(_ name: String, _ value: Value) {
      if let name = names.number(of: name) { scope.set(name, value) }
    }
    var caller = arguments.caller.map { Value.callable(.macro($0)) }
    if definition.takesCaller {
      caller = caller ?? arguments.takeNamed("caller")
      set("caller", caller ?? .undefined("No caller defined"))
    } else if caller != nil {
      throw failure("macro '\(definition.name)' was called with a block, but does not use \"caller\"")
    }
    if definition.takesMorePositional {
      set("varargs", .tuple(Value.List(Array(arguments.positional))))
      arguments.positional = []
    }
    if definition.takesMoreNamed {
      set("kwargs", .dictionary(Value.Dictionary(arguments.named.map { (.text($0.name), $0.value) })))
      arguments.named = []
    }
    try finish(arguments, "macro '\(definition.name)'")
  }
}
