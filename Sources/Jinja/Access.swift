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
    default:
      if Methods.exist(word, for: object) { return .callable(.method(object, word)) }
      return entry(.string(name), of: object) ?? missing(word, of: object)
    }
  }

  /// `object[key]`: the object's entry, else a method or attribute of that name.
  func item(_ key: Value, of object: Value) throws(TemplateError) -> Value {
    if case .undefined(let hint) = object { throw failure(hint) }
    if let value = entry(key, of: object) { return value }
    guard case .string(let name) = key else { return missing(key.representation(Mark.none).string, of: object) }
    switch object {
    case .namespace, .loop, .callable: return try attribute(name, of: object)
    default:
      let word = name.string
      return Methods.exist(word, for: object) ? .callable(.method(object, word)) : missing(word, of: object)
    }
  }

  private func entry(_ key: Value, of object: Value) -> Value? {
    switch object {
    case .dictionary(let dictionary): return dictionary[key]
    case .list(let list), .tuple(let list):
      if case .view = list.kind { return nil }
      return key.integer.flatMap { index(in: list.items.count, $0) }.map { list.items[$0] }
    case .string(let text):
      guard let wanted = key.integer, let index = index(in: text.count, wanted) else { return nil }
      return .string(text.scalars(index..<index + 1))
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
    let step = numbers[2] ?? 1
    if step == 0 { throw failure("slice step cannot be zero") }
    func places(_ count: Int) -> StrideTo<Int> {
      func place(_ bound: Int?, _ standard: Int) -> Int {
        guard let bound else { return standard }
        let place = bound < 0 ? bound + count : bound
        return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
      }
      let start = place(numbers[0], step > 0 ? 0 : count - 1)
      return stride(from: start, to: place(numbers[1], step > 0 ? count : -1), by: step)
    }
    switch object {
    case .string(let text):
      try allocate(text.bytes.count)
      let chosen = places(text.count)
      if step == 1 { return .string(text.scalars(range(chosen))) }
      let scalars = text.scalars
      return .string(chosen.reduce(into: Text()) { $0.append(text[scalars[$1].range]) })
    case .list(let list):
      try allocate(list.items.count * 8)
      return .list(Value.List(places(list.items.count).map { list.items[$0] }, origin: list.origin))
    case .tuple(let list):
      try allocate(list.items.count * 8)
      return .tuple(Value.List(places(list.items.count).map { list.items[$0] }, origin: list.origin))
    case .undefined(let hint): throw failure(hint)
    default: return missing("slice", of: object)
    }
  }

  private func range(_ places: StrideTo<Int>) -> Range<Int> {
    var iterator = places.makeIterator()
    guard let first = iterator.next() else { return 0..<0 }
    return first..<first + places.underestimatedCount
  }
}
