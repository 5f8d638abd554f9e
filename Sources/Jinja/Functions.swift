/// What `cycler` and `joiner` make: something that gives another value at each call.
package final class Stateful: @unchecked Sendable {
  // It lives inside one rendering, which is the work of one thread.
  let items: [Value]
  let isCycle: Bool
  var index = 0

  init(_ items: [Value], isCycle: Bool) {
    self.items = items
    self.isCycle = isCycle
  }

  /// The next item: of a cycle in turn, else the first once and then the last.
  func next() -> Value {
    defer { index = isCycle ? (index + 1) % items.count : min(index + 1, items.count - 1) }
    return items[index]
  }
}

extension Interpreter {
  typealias Function = @Sendable (inout Interpreter, inout CallArguments) throws(TemplateError) -> Value

  /// The functions that every template can call.
  static let functions: [String: Function] = [
    "range": { (interpreter, arguments) throws(TemplateError) in try interpreter.range(&arguments) },
    "dict": { (interpreter, arguments) throws(TemplateError) in
      .dictionary(Value.Dictionary(try interpreter.entries(&arguments)))
    },
    "namespace": { (interpreter, arguments) throws(TemplateError) in
      let namespace = Namespace()
      for case (.string(let name), let value) in try interpreter.entries(&arguments) { namespace[name] = value }
      interpreter.namespaces.append(namespace)
      return .namespace(namespace)
    },
    "raise_exception": { (interpreter, arguments) throws(TemplateError) in
      throw interpreter.failure(try interpreter.text(of: arguments.take("message") ?? .text("")).string, .raised)
    },
    "strftime_now": { (interpreter, arguments) throws(TemplateError) in
      guard case .string(let format)? = arguments.take("format") else {
        throw interpreter.failure("strftime_now needs a format")
      }
      return .text(interpreter.now.formatted(format.string))
    },
    "joiner": { (_, arguments) throws(TemplateError) in
      .callable(.stateful(Stateful([.text(""), arguments.take("sep") ?? .text(", ")], isCycle: false)))
    },
  ]

  /// The arguments of Python's `dict`: a mapping or pairs, and names.
  private mutating func entries(
    _ arguments: inout CallArguments
  ) throws(TemplateError) -> [(key: Value, value: Value)] {
    var entries: [(key: Value, value: Value)] = []
    if let first = arguments.positional.popFirst() {
      try requireDefined(first)
      if case .dictionary(let dictionary) = first {
        entries = dictionary.entries
      } else {
        for item in try items(of: first) {
          let pair = try items(of: item)
          guard pair.count == 2 else { throw failure("an entry of dict() is no pair") }
          try requireHashable(pair[0])
          entries.append((pair[0], pair[1]))
        }
      }
    }
    entries += arguments.named.map { (.text($0.name), $0.value) }
    arguments.named = []
    try step(entries.count.addingClamped(entries.count))
    return entries
  }

  private static let longestRange = 100_000

  private mutating func range(_ arguments: inout CallArguments) throws(TemplateError) -> Value {
    var numbers: [Int] = []
    for value in arguments.positional {
      guard let number = value.integer else {
        if case .undefined(let hint) = value { throw failure(hint) }
        throw failure("'\(value.typeName)' object cannot be interpreted as an integer")
      }
      numbers.append(number)
    }
    arguments.positional = []
    guard (1...3).contains(numbers.count) else { throw failure("range expected 1 to 3 arguments") }
    let step = numbers.count == 3 ? numbers[2] : 1
    if step == 0 { throw failure("range() arg 3 must not be zero") }
    let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
    let (span, overflow) = end.subtractingReportingOverflow(start)
    if overflow || abs(Double(span) / Double(step)) > Double(Self.longestRange) {
      throw failure("the range is longer than \(Self.longestRange)", .limit)
    }
    let items = stride(from: start, to: end, by: step).map { Value.integer($0) }
    try allocate(items.count * 32)
    return .list(Value.List(items, kind: .range(start: start, end: end, step: step)))
  }
}
