/// What a filter like `map` makes: its items can be taken once, and it is true even without any.
package final class Generator: @unchecked Sendable {
  // A generator lives inside one rendering, which is the work of one thread.
  private var items: ArraySlice<Value>
  let size: Value.Size

  init(_ items: [Value]) {
    self.items = items[...]
    size = Value.Size(of: items)
  }

  func next() -> Value? { items.popFirst() }

  func rest() -> [Value] {
    defer { items = [] }
    return Array(items)
  }
}

/// What `namespace()` makes: names that can be set from inside a loop.
package final class Namespace: @unchecked Sendable {
  // A namespace lives inside one rendering, which is the work of one thread.
  var attributes: [(name: Text, value: Value)] = []

  subscript(name: Text) -> Value? {
    get { attributes.first { $0.name == name }?.value }
    set {
      guard let newValue else { return }
      if let index = attributes.firstIndex(where: { $0.name == name }) {
        attributes[index].value = newValue
      } else {
        attributes.append((name, newValue))
      }
    }
  }
}

/// Something a template can call.
package enum Callable: Sendable {
  /// A function by its name.
  case function(String)
  /// A method of a value.
  indirect case method(Value, String)
  case macro(Macro)
  /// `loop(items)` of a recursive loop.
  case recursion(Loop)
  /// `cycler` and `joiner`, which remember what they gave last.
  case stateful(Stateful)
}
