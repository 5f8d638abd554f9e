extension Interpreter {
  // MARK: object.name and object[key]

  /// `object.name`: a method or attribute of the object, else its entry.
  func attribute(_ name: Text, of object: Value) throws(TemplateError) -> Value {
    let word = name.string
    switch object {
    case .undefined(let hint): throw failure(hint)
    case .namespace(let namespace): return namespace[name] ?? missing(word, of: object)
    case .loop(let loop):
      if let value = loop[word] { return value }
      return ["cycle", "changed"].contains(word) ? .callable(.method(object, word)) : missing(word, of: object)
    case .callable(.macro(let macro)): return macroAttribute(word, macro)
    case .tuple(let list) where list.kind == .group && ["grouper", "list"].contains(word):
      return list.items[word == "list" ? 1 : 0]
    default: return try method(word, of: object) ?? entry(.string(name), of: object) ?? missing(word, of: object)
    }
  }

  /// `object[key]`: the object's entry, else a method or attribute of that name.
  mutating func item(_ key: Value, of object: Value) throws(TemplateError) -> Value {
    if case .string(let text) = object { try step(text.bytes.count / 16) }
    if case .undefined(let hint) = object { throw failure(hint) }
    if let value = entry(key, of: object) { return value }
    guard case .string(let name) = key else { return missing(key.representation(Mark.none).string, of: object) }
    switch object {
    case .namespace, .loop, .callable: return try attribute(name, of: object)
    default:
      let word = name.string
      return try method(word, of: object) ?? missing(word, of: object)
    }
  }

  /// A method of the object; those that would change it are undefined, as in Jinja2's sandbox.
  private func method(_ word: String, of object: Value) throws(TemplateError) -> Value? {
    if Methods.change(word, object) {
      return .undefined(
        "the method \(word) of '\(object.typeName)' would change a value, which a chat template may not")
    }
    if Methods.exist(word, for: object) { return .callable(.method(object, word)) }
    if Methods.isOtherAttribute(word, of: object) {
      throw failure("the attribute \(word) of '\(object.typeName)' is not supported")
    }
    return nil
  }

  private func entry(_ key: Value, of object: Value) -> Value? {
    switch object {
    case .dictionary(let dictionary): return dictionary[key]
    case .list(let list), .tuple(let list):
      if case .view = list.kind { return nil }
      return key.integer.flatMap { index(in: list.items.count, $0) }.map { list.items[$0] }
    case .string(let text):
      guard let wanted = key.integer, let index = index(in: text.count, wanted) else { return nil }
      return .string(text.scalars(index..<index + 1).asMarkup(text.isMarkup))
    case .loop: return nil
    default: return nil
    }
  }

  /// An index that may count from the end.
  private func index(in count: Int, _ index: Int) -> Int? {
    let place = index < 0 ? index + count : index
    return 0..<count ~= place ? place : nil
  }

  private func missing(_ name: String, of object: Value) -> Value {
    let kind = object.typeName + (["dict", "list", "str"].contains(object.typeName) ? " object" : "")
    return .undefined("'\(kind)' has no attribute '\(name)'")
  }

  private func macroAttribute(_ name: String, _ macro: Macro) -> Value {
    switch name {
    case "name": .text(macro.definition.name)
    case "arguments": .tuple(Value.List(macro.definition.parameters.map { .text($0.name) }))
    case "catch_kwargs": .bool(macro.definition.takesMoreNamed)
    case "catch_varargs": .bool(macro.definition.takesMorePositional)
    case "caller": .bool(macro.definition.takesCaller)
    default: .undefined("'Macro' has no attribute '\(name)'")
    }
  }

  // MARK: object[start:stop:step]

  /// - Parameter bounds: start, stop and step; those left out are none.
  mutating func slice(_ object: Value, _ bounds: [Value]) throws(TemplateError) -> Value {
    var numbers: [Int?] = []
    for bound in bounds {
      if case .null = bound {
        numbers.append(nil)
      } else if let number = bound.integer {
        numbers.append(number)
      } else {
        throw failure("slice indices must be integers or None, not \(bound.typeName)")
      }
    }
    while numbers.count < 3 { numbers.append(nil) }
    if numbers[2] == 0 { throw failure("slice step cannot be zero") }
    let slice = Slice(start: numbers[0], end: numbers[1], step: numbers[2] ?? 1)
    switch object {
    case .string(let text):
      try allocate(text.bytes.count)
      if text.isMarkup { throw failure("slices of a text that \"safe\" or \"escape\" made are not supported") }
      let chosen = slice.places(in: text.count)
      if slice.step == 1 { return .string(text.scalars(range(chosen))) }
      let scalars = text.scalars
      return .string(chosen.reduce(into: Text()) { $0.append(text[scalars[$1].range]) })
    case .list(let list):
      try allocate(list.items.count * 8)
      return .list(try part(of: list, slice))
    case .tuple(let list):
      try allocate(list.items.count * 8)
      return .tuple(try part(of: list, slice))
    case .undefined(let hint): throw failure(hint)
    default: throw failure("'\(object.typeName)' object has no slices")
    }
  }

  /// The bounds of a slice, which may count from the end.
  private struct Slice {
    let start: Int?
    let end: Int?
    let step: Int

    func bounds(in count: Int) -> (start: Int, end: Int) {
      func place(_ bound: Int?, _ standard: Int) -> Int {
        guard let bound else { return standard }
        let place = bound < 0 ? bound + count : bound
        return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
      }
      return (place(start, step > 0 ? 0 : count - 1), place(end, step > 0 ? count : -1))
    }

    func places(in count: Int) -> StrideTo<Int> {
      let bounds = bounds(in: count)
      return stride(from: bounds.start, to: bounds.end, by: step)
    }
  }

  private func part(of list: Value.List, _ slice: Slice) throws(TemplateError) -> Value.List {
    let count = list.items.count
    let items = slice.places(in: count).map { list.items[$0] }
    switch list.kind {
    case .plain, .group: return Value.List(items, origin: list.origin)
    case .view(let name): throw failure("'\(name)' object is not subscriptable")
    case .range(let start, _, let step):
      let bounds = slice.bounds(in: count)
      let (width, overflow) = step.multipliedReportingOverflow(by: slice.step)
      if overflow { throw failure("the number is beyond 64 bits", .limit) }
      let kind = Value.List.Kind.range(
        start: start &+ bounds.start &* step, end: start &+ bounds.end &* step, step: width)
      return Value.List(items, kind: kind)
    }
  }

  private func range(_ places: StrideTo<Int>) -> Range<Int> {
    var iterator = places.makeIterator()
    guard let first = iterator.next() else { return 0..<0 }
    return first..<first + places.underestimatedCount
  }
}
