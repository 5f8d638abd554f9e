import Foundation

extension Double {
  /// The nearest number with so many decimals, as Python's `round` finds it.
  func roundedDecimally(_ decimals: Int) -> Double { Double(String(format: "%.\(decimals)f", self)) ?? self }
}

extension Interpreter {
  static let listFilters: [String: Filter] = [
    "length": { (interpreter, value, _) throws(TemplateError) in try interpreter.length(value) },
    "count": { (interpreter, value, _) throws(TemplateError) in try interpreter.length(value) },
    "first": { (interpreter, value, _) throws(TemplateError) in
      if case .generator(let generator) = value {
        return generator.next() ?? .undefined("No first item, sequence was empty.")
      }
      return try interpreter.items(of: value).first ?? .undefined("No first item, sequence was empty.")
    },
    "last": { (interpreter, value, _) throws(TemplateError) in
      if case .generator = value { throw interpreter.failure("'generator' object is not reversible") }
      return try interpreter.items(of: value).last ?? .undefined("No last item, sequence was empty.")
    },
    "list": { (interpreter, value, _) throws(TemplateError) in
      .list(Value.List(try interpreter.items(of: value), origin: value.origin))
    },
    "reverse": { (interpreter, value, _) throws(TemplateError) in
      let items = try interpreter.items(of: value)
      if case .string = value { return .string(try interpreter.join(items.reversed(), with: Text())) }
      if case .generator = value { return .list(items.reversed()) }
      return .generator(Generator(items.reversed()))
    },
    "join": { (interpreter, value, arguments) throws(TemplateError) in
      let separator = try interpreter.text(of: arguments.take("d") ?? .text(""))
      var items = try interpreter.items(of: value)
      if let name = arguments.take("attribute") { items = try interpreter.attributes(name, of: items) }
      return .string(try interpreter.join(try interpreter.texts(of: items), with: separator))
    },
    "items": { (interpreter, value, _) throws(TemplateError) in
      if case .undefined = value { return .generator(Generator([])) }
      guard case .dictionary(let dictionary) = value else {
        throw interpreter.failure("Can only get item pairs from a mapping.")
      }
      return .generator(Generator(dictionary.pairs))
    },
    "dictsort": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.sortedEntries(value, &arguments)
    },
    "sort": { (interpreter, value, arguments) throws(TemplateError) in
      let isReversed = arguments.take("reverse")?.isTrue ?? false
      let isExact = arguments.take("case_sensitive")?.isTrue ?? false
      let items = try interpreter.items(of: value)
      let keys =
        try arguments.take("attribute").map { name throws(TemplateError) in
          try interpreter.attributes(name, of: items)
        } ?? items
      return .list(try interpreter.sorted(items, by: keys, isExact: isExact, isReversed: isReversed))
    },
    "unique": { (interpreter, value, arguments) throws(TemplateError) in
      let isExact = arguments.take("case_sensitive")?.isTrue ?? false
      let items = try interpreter.items(of: value)
      let keys =
        try arguments.take("attribute").map { name throws(TemplateError) in
          try interpreter.attributes(name, of: items)
        } ?? items
      var seen: [Value] = []
      var kept: [Value] = []
      for (item, key) in zip(items, keys) {
        let key = isExact ? key : key.ignoringCase
        try interpreter.requireHashable(key)
        try interpreter.step(seen.count.addingClamped(key.weight / 16))
        if seen.contains(where: { $0.equals(key) }) { continue }
        seen.append(key)
        kept.append(item)
      }
      return .generator(Generator(kept))
    },
    "min": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.extreme(value, &arguments, isLargest: false)
    },
    "max": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.extreme(value, &arguments, isLargest: true)
    },
    "sum": { (interpreter, value, arguments) throws(TemplateError) in
      var items = try interpreter.items(of: value)
      if let name = arguments.take("attribute") { items = try interpreter.attributes(name, of: items) }
      var sum = arguments.take("start") ?? .integer(0)
      if case .string = sum { throw interpreter.failure("sum() can't sum strings [use ''.join(seq) instead]") }
      try interpreter.step(items.count)
      for item in items { sum = try interpreter.calculate(.add, sum, item) }
      return sum
    },
    "map": { (interpreter, value, arguments) throws(TemplateError) in try interpreter.mapped(value, &arguments) },
    "select": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.selected(value, &arguments, keeps: true, hasAttribute: false)
    },
    "reject": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.selected(value, &arguments, keeps: false, hasAttribute: false)
    },
    "selectattr": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.selected(value, &arguments, keeps: true, hasAttribute: true)
    },
    "rejectattr": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.selected(value, &arguments, keeps: false, hasAttribute: true)
    },
    "groupby": { (interpreter, value, arguments) throws(TemplateError) in
      try interpreter.grouped(value, &arguments)
    },
    "batch": { (interpreter, value, arguments) throws(TemplateError) in
      let items = try interpreter.items(of: value)
      guard let size = arguments.take("linecount")?.integer, size > 0 else {
        throw interpreter.failure("batch needs a size")
      }
      let fill = arguments.take("fill_with")
      try interpreter.allocate(fill == nil ? 0 : size * 32)
      return .generator(
        Generator(
          stride(from: 0, to: items.count, by: size).map { start in
            let part = Array(items[start..<min(start + size, items.count)])
            return .list(part + (fill.map { Array(repeating: $0, count: size - part.count) } ?? []))
          }))
    },
  ]

  private mutating func length(_ value: Value) throws(TemplateError) -> Value {
    switch value {
    case .string(let text): return .integer(text.count)
    case .list(let list), .tuple(let list): return .integer(list.items.count)
    case .dictionary(let dictionary): return .integer(dictionary.entries.count)
    case .undefined: return .integer(0)
    case .loop(let loop): return .integer(loop.items.count)
    default: throw failure("object of type '\(value.typeName)' has no len()")
    }
  }

  private mutating func texts(of items: [Value]) throws(TemplateError) -> [Value] {
    var texts: [Value] = []
    for item in items { texts.append(.string(try text(of: item))) }
    return texts
  }

  /// Each item's attribute; `a.b` is the attribute of an attribute, a number an index.
  private mutating func attributes(_ name: Value, of items: [Value]) throws(TemplateError) -> [Value] {
    var values: [Value] = []
    for item in items { values.append(try attribute(name, of: item)) }
    return values
  }

  private mutating func attribute(_ name: Value, of value: Value) throws(TemplateError) -> Value {
    guard case .string(let path) = name else { return try item(name, of: value) }
    var value = value
    for part in path.string.split(separator: ".", omittingEmptySubsequences: false) {
      value = try item(Int(part).map { .integer($0) } ?? .text(String(part)), of: value)
    }
    return value
  }

  private mutating func mapped(_ value: Value, _ arguments: inout CallArguments) throws(TemplateError) -> Value {
    let items = try items(of: value)
    if let name = arguments.takeNamed("attribute") {
      let standard = arguments.takeNamed("default")
      return .generator(
        Generator(
          try attributes(name, of: items).map { value in
            if case .undefined = value, let standard { return standard }
            return value
          }))
    }
    let name = try text(arguments.take("filter"), "the filter of map").string
    let rest = arguments
    arguments = CallArguments()
    var values: [Value] = []
    for item in items {
      var rest = rest
      values.append(try filter(name, item, &rest))
    }
    return .generator(Generator(values))
  }

  private mutating func selected(
    _ value: Value, _ arguments: inout CallArguments, keeps: Bool, hasAttribute: Bool
  ) throws(TemplateError) -> Value {
    let items = try items(of: value)
    let name = hasAttribute ? arguments.take("attr") : nil
    if hasAttribute, name == nil { throw failure("the attribute is missing") }
    let test = try arguments.positional.isEmpty ? nil : text(arguments.take("test"), "the test").string
    let rest = arguments
    arguments = CallArguments()
    var kept: [Value] = []
    for item in items {
      let subject = try name.map { name throws(TemplateError) in try attribute(name, of: item) } ?? item
      var rest = rest
      let isTrue = try test.map { test throws(TemplateError) in try self.test(test, subject, &rest) } ?? subject.isTrue
      if isTrue == keeps { kept.append(item) }
    }
    return .generator(Generator(kept))
  }

  private mutating func sorted(
    _ items: [Value], by keys: [Value], isExact: Bool, isReversed: Bool
  ) throws(TemplateError) -> [Value] {
    let keys = isExact ? keys : keys.map(\.ignoringCase)
    for (left, right) in zip(keys, keys.dropFirst()) where left.isLess(than: right) == nil {
      throw failure("'<' not supported between '\(left.typeName)' and '\(right.typeName)'")
    }
    try step(keys.reduce(0) { $0.addingClamped($1.weight) })
    let order = items.indices.sorted { one, two in
      let isLess = (isReversed ? keys[two].isLess(than: keys[one]) : keys[one].isLess(than: keys[two])) == true
      let isMore = (isReversed ? keys[one].isLess(than: keys[two]) : keys[two].isLess(than: keys[one])) == true
      return isLess || !isMore && one < two
    }
    return order.map { items[$0] }
  }

  private mutating func sortedEntries(
    _ value: Value, _ arguments: inout CallArguments
  ) throws(TemplateError) -> Value {
    guard case .dictionary(let dictionary) = value else { throw failure("dictsort needs a mapping") }
    let isExact = arguments.take("case_sensitive")?.isTrue ?? false
    let by = arguments.take("by")?.asText.string ?? "key"
    let isReversed = arguments.take("reverse")?.isTrue ?? false
    let keys = dictionary.entries.map { by == "value" ? $0.value : $0.key }
    let pairs = dictionary.pairs
    return .list(try sorted(pairs, by: keys, isExact: isExact, isReversed: isReversed))
  }

  private mutating func extreme(
    _ value: Value, _ arguments: inout CallArguments, isLargest: Bool
  ) throws(TemplateError) -> Value {
    let items = try items(of: value)
    let isExact = arguments.take("case_sensitive")?.isTrue ?? false
    let keys =
      try arguments.take("attribute").map { name throws(TemplateError) in
        try attributes(name, of: items)
      } ?? items
    let order = try sorted(items, by: keys, isExact: isExact, isReversed: isLargest)
    return order.first ?? .undefined("No aggregated item, sequence was empty.")
  }

  private mutating func grouped(_ value: Value, _ arguments: inout CallArguments) throws(TemplateError) -> Value {
    guard let name = arguments.take("attribute") else { throw failure("groupby needs an attribute") }
    let standard = arguments.take("default")
    let isExact = arguments.take("case_sensitive")?.isTrue ?? false
    let items = try items(of: value)
    let keys = try attributes(name, of: items).map { key in
      if case .undefined = key, let standard { return standard }
      return key
    }
    let order = try sorted(Array(items.indices).map { .integer($0) }, by: keys, isExact: isExact, isReversed: false)
    var groups: [(key: Value, items: [Value])] = []
    for case .integer(let index) in order {
      let isKnown = groups.last.map { last in
        isExact ? last.key.equals(keys[index]) : last.key.ignoringCase.equals(keys[index].ignoringCase)
      }
      if isKnown == true {
        groups[groups.count - 1].items.append(items[index])
      } else {
        groups.append((keys[index], [items[index]]))
      }
    }
    return .list(groups.map { .tuple(Value.List([$0.key, .list($0.items)], kind: .group)) })
  }
}

extension Value {
  /// A text in small letters, others as they are.
  fileprivate var ignoringCase: Value {
    if case .string(let text) = self { return .string(text.lowercased) }
    return self
  }
}
